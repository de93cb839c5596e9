"""What the audit says about the whole system. Only the process that audits imports this: elsewhere nobody knows.

The verdict is NaN while it is not known: before a first run has ended, after one that failed, and while standing by.
"""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import Counter, Gauge

from infra.audit.waiting import Waiting
from workers.operations.dead_letters.open_letters import OpenGroup
from workers.verification.findings import Verdict, What

UNKNOWN = float("nan")

ACTIVE = Gauge("annals_audit_active", "1: this process audits; 0: it stands by, another one does")
CONTENT = Gauge("annals_verification_content", "1: the last verification found nothing wrong; NaN: not known")
FINDINGS = Gauge("annals_verification_findings", "Things that the last verification found wrong", ["what"])
LAST_RUN = Gauge("annals_verification_last_run_timestamp_seconds", "When the last verification came to its end")
DURATION = Gauge("annals_verification_duration_seconds", "How long the last verification took")
FAILURES = Counter("annals_verification_failures", "Verifications that came to no end, as when a server was away")
LETTERS = Gauge("annals_dead_letters_open", "Dead letters that nobody has settled", ["topic", "reason"])
LETTER_AGE = Gauge(
    "annals_dead_letters_oldest_age_seconds",
    "Age of the oldest of the open dead letters",
    ["topic", "reason"],
)
PARKED = Gauge("annals_parked", "Streams that wait for code to be mended", ["follower", "topic"])
PARKED_AGE = Gauge(
    "annals_parked_oldest_age_seconds", "Age of the oldest event that such a stream waits with", ["follower", "topic"]
)

CONTENT.set(UNKNOWN)


def show_verdict(verdict: Verdict, ended_at_seconds: float, duration_seconds: float) -> None:
    """A run has come to its end."""
    for what in What:
        FINDINGS.labels(what.value).set(verdict.counts.get(what.value, 0))
    CONTENT.set(1 if verdict.content else 0)
    LAST_RUN.set(ended_at_seconds)
    DURATION.set(duration_seconds)


def show_failure() -> None:
    """A run has failed: what was true before may be so no more."""
    FAILURES.inc()
    forget_verdict()


def forget_verdict() -> None:
    """Nothing is known."""
    CONTENT.set(UNKNOWN)
    FINDINGS.clear()


def show_letters(groups: Mapping[tuple[str, str], OpenGroup]) -> None:
    """The open dead letters, now."""
    LETTERS.clear()
    LETTER_AGE.clear()
    for labels, group in groups.items():
        LETTERS.labels(*labels).set(group.open_count)
        LETTER_AGE.labels(*labels).set(group.oldest_age_seconds)


def show_parked(groups: Mapping[tuple[str, str], Waiting], now: datetime) -> None:
    """The parked streams, now by the database's clock."""
    PARKED.clear()
    PARKED_AGE.clear()
    for labels, waiting in groups.items():
        PARKED.labels(*labels).set(waiting.streams)
        PARKED_AGE.labels(*labels).set(max(0.0, (now - waiting.oldest_at).total_seconds()))


def forget_letters() -> None:
    """Nothing is known of dead letters."""
    LETTERS.clear()
    LETTER_AGE.clear()


def forget_parked() -> None:
    """Nothing is known of parked streams."""
    PARKED.clear()
    PARKED_AGE.clear()
