"""How often what happened in a schedule: a simulation in which nothing happens proves nothing."""

from collections import Counter

from prometheus_client import Counter as Metric

from tests.simulation.world import World
from workers import telemetry

METRICS: dict[str, Metric] = {
    "lanes acquired": telemetry.TAKEOVERS,
    "owners fenced": telemetry.FENCED,
    "lanes abandoned after a fault": telemetry.LANE_FAULTS,
    "events republished by a next owner": telemetry.REPUBLISHED,
    "repeats in the log dropped": telemetry.REPEATS_DROPPED,
    "gaps in the log filled": telemetry.LOG_GAPS_FILLED,
    "logs found shortened": telemetry.LOG_SHORTENED,
    "commands sent to their own partition": telemetry.REDIRECTED,
    "commands repeated": telemetry.REPEATED,
    "dead letters": telemetry.DEAD_LETTERS,
    "read models rebuilt": telemetry.REBUILDS,
    "lost documents restored": telemetry.DOCUMENTS_LOST,
    "saga steps sent": telemetry.STEPS,
    "saga batches decided again": telemetry.INSTANCE_CONFLICTS,
}


def metrics() -> Counter[str]:
    """The metrics of this process as they stand."""
    return Counter({name: _total(metric) for name, metric in METRICS.items()})


def _total(metric: Metric) -> int:
    samples = (sample for family in metric.collect() for sample in family.samples)
    return round(sum(sample.value for sample in samples if sample.name.endswith("_total")))


def counted(world: World, before: Counter[str]) -> Counter[str]:
    """What the world did to its processes, and what their metrics count since `before`."""
    counts = Counter({f"fault: {kind}": number for kind, number in world.injected.items()})
    counts.update({f"network: {kind}": number for kind, number in world.network.counts.items()})
    after = metrics()
    after.subtract(before)
    counts.update(after)
    counts["schedules"] = 1
    counts["commands written"] = len(world.accepted)
    return counts
