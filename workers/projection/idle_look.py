"""Which of a projection's lanes that wait for records have something to do: a few questions to the store and the table.

Each lane would ask for the live generation, its checkpoint and, now and then, the signs of the server.
"""

import time
from collections.abc import Collection, Sequence
from typing import Protocol

from workers.ports.clock import Clock
from workers.ports.read_models import Checkpoint, Generation, ReadModelWriter, ServerSigns
from workers.ports.waiting_lanes import LanePlace, WaitingLanes
from workers.projection.integrity import LOOK_INTERVAL_SECONDS


class RestingLane(Protocol):
    """A lane of a projection, or of a section of one."""

    @property
    def partition(self) -> int: ...

    @property
    def sequence(self) -> int:
        """The sequence of the last event that was read."""
        ...

    def note_signs(self, signs: ServerSigns | None) -> None:
        """The signs that the store's server reports now."""
        ...

    def is_at_rest(self, live: Generation, stored: Checkpoint) -> bool:
        """Whether `idle` would find nothing but events of the table."""
        ...


class ProjectionIdleLook:
    """`IdleLook` for the lanes of one projection, or of one of its sections; `topic` is that of their checkpoints."""

    def __init__(
        self,
        projection: str,
        context: str,
        topic: str,
        store: ReadModelWriter,
        tables: WaitingLanes,
        clock: Clock = time.monotonic,
    ) -> None:
        self._projection = projection
        self._context = context
        self._topic = topic
        self._store = store
        self._tables = tables
        self._clock = clock
        self._signs_at: float | None = None

    async def __call__(self, lanes: Sequence[RestingLane]) -> Collection[RestingLane]:
        """Raises EvictionAllowed or Unavailable."""
        await self._show_signs(lanes)
        live = await self._store.live(self._projection)
        checkpoints = await self._store.stored_checkpoints(live, self._topic, [lane.partition for lane in lanes])
        ahead = await self._tables.ahead({LanePlace(self._context, lane.partition): lane.sequence for lane in lanes})
        return {
            lane
            for lane, checkpoint in zip(lanes, checkpoints, strict=True)
            if not lane.is_at_rest(live, checkpoint) or LanePlace(self._context, lane.partition) in ahead
        }

    async def _show_signs(self, lanes: Sequence[RestingLane]) -> None:
        now = self._clock()
        if self._signs_at is not None and now - self._signs_at < LOOK_INTERVAL_SECONDS:
            return
        signs = await self._store.signs()
        self._signs_at = now
        for lane in lanes:
            lane.note_signs(signs)
