"""When a saga lane asks what its instances must hear besides the log, and what it leaves for later.

An instance whose code cannot take its own event is left alone for a while: the event stays where it is, others go on.
"""

from collections.abc import Mapping, Sequence

import structlog

from workers import telemetry
from workers.ports.clock import Clock
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, SagaStore
from workers.saga.own_events import Own, own_events

LOOK_INTERVAL_SECONDS = 0.5
POSTPONED_SECONDS = 30.0
MAX_DUE = 200
MAX_DUE_OF_ONE = 100

log = structlog.get_logger(__name__)


class Hearing:
    """Looks for one lane."""

    def __init__(self, lane: LaneKey, store: SagaStore, clock: Clock) -> None:
        self._lane = lane
        self._store = store
        self._clock = clock
        self._looked_at: float | None = None
        self._postponed: dict[InstanceKey, float] = {}

    async def due(self, sagas: Sequence[str]) -> list[Own]:
        """What is due for these sagas, if it is time to look: at most one event of each instance. Raises Unavailable.

        What is due for a saga that this installation does not know waits: a newer one may have begun it.
        """
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < LOOK_INTERVAL_SECONDS:
            return []
        self._looked_at = now
        self._postponed = {key: until for key, until in self._postponed.items() if until > now}
        found: dict[InstanceKey, Own] = {}
        # A postponed instance may be due more than once: some of them must not keep all others from being seen.
        limit = MAX_DUE + MAX_DUE_OF_ONE * len(self._postponed)
        for own in own_events(await self._store.due(self._lane, sagas, limit)):
            if own.key not in self._postponed:
                found.setdefault(own.key, own)
        return list(found.values())

    def soon(self) -> None:
        """Look again at the next opportunity."""
        self._looked_at = None

    def postpone(self, raised: Mapping[InstanceKey, str]) -> None:
        """Leave these instances alone for a while; `raised` says what their code did."""
        for key, error in raised.items():
            self._postponed[key] = self._clock() + POSTPONED_SECONDS
            telemetry.HEARING_FAILED.labels(key.saga).inc()
            log.error(
                "a saga cannot take its own event", **key._asdict(), error=error, again_in_seconds=POSTPONED_SECONDS
            )
