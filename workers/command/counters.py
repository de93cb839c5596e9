"""What a command lane counts of its batches."""

from typing import Any

from workers import telemetry
from workers.command.batch_decision import BatchDecision
from workers.command.repeats import count_repeats


class LaneCounters:
    """Counts for one context. A counter with its labels is kept: to find it costs more than to count."""

    def __init__(self, context: str) -> None:
        self._context = context
        self._events = telemetry.EVENTS.labels(context)
        self._snapshots = telemetry.SNAPSHOTS.labels(context)
        self._outcomes: dict[tuple[str, str, str], Any] = {}

    def count(self, decision: BatchDecision) -> None:
        """Count a batch that was committed."""
        self._events.inc(len(decision.events))
        if decision.repeated or decision.reused:
            count_repeats(self._context, decision.repeated, decision.reused)
        if decision.snapshots:
            self._snapshots.inc(len(decision.snapshots))
        for kind, count in decision.counts.items():
            counter = self._outcomes.get(kind)
            if counter is None:
                counter = self._outcomes[kind] = telemetry.OUTCOMES.labels(self._context, *kind)
            counter.inc(count)
