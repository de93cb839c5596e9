"""Reads the due internal events of a saga lane: passed deadlines and answers to steps.

The process looks once a second for all its lanes that wait for records (idle_look.py). A lane of which it has just said
that nothing is due need not ask by itself: so one that gets a record now and then costs no question for each. One that
is always busy when the process looks does so after a batch, about once a second.

If the code of an instance fails on an internal event, the event stays due and the instance is postponed for a while;
the others continue.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from workers import telemetry
from workers.ports.clock import Clock
from workers.ports.lanes import LaneKey
from workers.ports.sagas import DueInternalEvents, InstanceKey, SagaStore
from workers.saga.internal_events import InternalEvent, internal_events

LOOK_INTERVAL_SECONDS = 1.0
POSTPONED_SECONDS = 30.0
MAX_DUE = 200

log = structlog.get_logger(__name__)


class InternalEventSource:
    """The due internal events of one lane."""

    def __init__(self, lane: LaneKey, store: SagaStore, clock: Clock) -> None:
        self._lane = lane
        self._store = store
        self._clock = clock
        self._looked_at: float | None = None
        self._postponed: dict[InstanceKey, float] = {}

    async def due(self, sagas: Sequence[str]) -> list[InternalEvent]:
        """The internal events that are due for these sagas, at most one for each instance; none if it is not time to
        look yet. Raises Unavailable.

        Events of a saga that is not installed here stay due: a newer release may have it.
        """
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < LOOK_INTERVAL_SECONDS:
            return []
        self._looked_at = now
        self._postponed = {key: until for key, until in self._postponed.items() if until > now}
        events: dict[InstanceKey, InternalEvent] = {}
        for event in internal_events(await self._due(sagas)):
            if event.key not in self._postponed:
                events.setdefault(event.key, event)
        return list(events.values())

    async def _due(self, sagas: Sequence[str]) -> DueInternalEvents:
        """The due rows, as many as are needed to see past those of postponed instances, which may have many."""
        limit = MAX_DUE + len(self._postponed)
        while True:
            due = await self._store.due(self._lane, sagas, limit)
            kinds: tuple[Sequence[Any], ...] = due[1:]
            if not any(len(rows) >= limit and self._all_are_postponed(rows) for rows in kinds):
                return due
            limit *= 4

    def _all_are_postponed(self, rows: Sequence[Any]) -> bool:
        return all(InstanceKey(row.saga, row.instance_id) in self._postponed for row in rows)

    def note_look(self, *, is_due: bool) -> None:
        """The process has looked for this lane."""
        self._looked_at = None if is_due else self._clock()

    def look_soon(self) -> None:
        """Look again at the next opportunity."""
        self._looked_at = None

    def postpone(self, failures: Mapping[InstanceKey, str]) -> None:
        """Postpone the internal events of these instances; `failures` are the errors of their code."""
        for key, error in failures.items():
            self._postponed[key] = self._clock() + POSTPONED_SECONDS
            telemetry.INTERNAL_EVENTS_FAILED.labels(key.saga).inc()
            log.error(
                "a saga failed on an internal event", **key._asdict(), error=error, again_in_seconds=POSTPONED_SECONDS
            )
