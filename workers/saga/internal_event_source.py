"""When a saga lane asks what its instances must hear besides the log, and what it leaves for later.

An instance whose code cannot take its own event is left alone for a while: the event stays where it is, others go on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from workers import telemetry
from workers.ports.clock import Clock
from workers.ports.lanes import LaneKey
from workers.ports.sagas import DueInternalEvents, InstanceKey, SagaStore
from workers.saga.internal_events import InternalEvent, internal_events

LOOK_INTERVAL_SECONDS = 0.5
POSTPONED_SECONDS = 30.0
MAX_DUE = 200

log = structlog.get_logger(__name__)


class InternalEventSource:
    """Looks for one lane."""

    def __init__(self, lane: LaneKey, store: SagaStore, clock: Clock) -> None:
        self._lane = lane
        self._store = store
        self._clock = clock
        self._looked_at: float | None = None
        self._postponed: dict[InstanceKey, float] = {}

    async def due(self, sagas: Sequence[str]) -> list[InternalEvent]:
        """What is due for these sagas, if it is time to look: at most one event of each instance. Raises Unavailable.

        What is due for a saga that this installation does not know waits: a newer one may have begun it.
        """
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < LOOK_INTERVAL_SECONDS:
            return []
        self._looked_at = now
        self._postponed = {key: until for key, until in self._postponed.items() if until > now}
        found: dict[InstanceKey, InternalEvent] = {}
        for own in internal_events(await self._due(sagas)):
            if own.key not in self._postponed:
                found.setdefault(own.key, own)
        return list(found.values())

    async def _due(self, sagas: Sequence[str]) -> DueInternalEvents:
        """As much as it takes to see somebody else behind those who are postponed, each perhaps many times over."""
        limit = MAX_DUE + len(self._postponed)
        while True:
            due = await self._store.due(self._lane, sagas, limit)
            kinds: tuple[Sequence[Any], ...] = due[1:]
            if not any(len(rows) >= limit and self._all_are_postponed(rows) for rows in kinds):
                return due
            limit *= 4

    def _all_are_postponed(self, rows: Sequence[Any]) -> bool:
        return all(InstanceKey(row.saga, row.instance_id) in self._postponed for row in rows)

    def soon(self) -> None:
        """Look again at the next opportunity."""
        self._looked_at = None

    def postpone(self, raised: Mapping[InstanceKey, str]) -> None:
        """Leave these instances alone for a while; `raised` says what their code did."""
        for key, error in raised.items():
            self._postponed[key] = self._clock() + POSTPONED_SECONDS
            telemetry.INTERNAL_EVENTS_FAILED.labels(key.saga).inc()
            log.error(
                "a saga cannot take its own event", **key._asdict(), error=error, again_in_seconds=POSTPONED_SECONDS
            )
