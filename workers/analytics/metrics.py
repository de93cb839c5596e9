"""The metrics of the analytics role. Operators rely on their names and labels; infra/README.md lists them."""

from prometheus_client import Counter, Gauge

APPLIED = Counter("annals_analytics_events", "Events folded into windows", ["context"])
FAILED = Counter("annals_analytics_events_failed", "Events passed over, as the code of a series raised", ["context"])
RECOVERIES = Counter("annals_analytics_recoveries", "Times that the tables were read from their changelog")
WINDOW = Gauge(
    "annals_analytics_window",
    "The last closed window of a metric, over the lanes of this process",
    ["metric", "field"],
)
