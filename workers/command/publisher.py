"""Publishes what a lane has committed, in order, one append at a time, beside the next batch's transaction.

At most `MAX_UNPUBLISHED_BATCHES` wait. A failure is kept and raised to the lane at its next step; nothing after it is
sent.
"""

import asyncio
from collections.abc import Sequence

from workers.command.records import event_record
from workers.ports.clock import Clock
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, LaneKey, LaneStore, Mark
from workers.ports.log import EventLog, PublishFailed

MAX_UNPUBLISHED_BATCHES = 2
# A publisher that has been away for longer since its commit was asked for may have been paused, and replaced.
AWAY_SECONDS = 1.0


class Publisher:
    """The publishing side of one held lane."""

    def __init__(
        self, lane: LaneKey, epoch: int, topic: str, mark: Mark, log: EventLog, store: LaneStore, clock: Clock
    ) -> None:
        self.mark = mark
        self._lane = lane
        self._epoch = epoch
        self._topic = topic
        self._log = log
        self._store = store
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[float, Sequence[EventRow]]] = asyncio.Queue(MAX_UNPUBLISHED_BATCHES)
        self._task = asyncio.create_task(self._run(), name=f"publish {lane}")

    async def put(self, held_at: float, rows: Sequence[EventRow]) -> None:
        """Queue the events of a batch. At `held_at`, by our clock, or later, the lane was ours: when the commit was
        asked for, as its answer may be read long after it was given. Raises what `_run` raised.
        """
        putting = asyncio.ensure_future(self._waiting.put((held_at, rows)))
        try:
            await asyncio.wait({putting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()
        self.check()

    def check(self) -> None:
        """Raise what publishing raised, if it did."""
        if self._task.cancelled():  # by itself: a driver let out the end of a task of its own
            raise PublishFailed("publishing was cut short")
        if self._task.done():
            self._task.result()

    async def drained(self) -> None:
        """Wait until all that was put is acknowledged. Raises what publishing raised."""
        joining = asyncio.ensure_future(self._waiting.join())
        try:
            await asyncio.wait({joining, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joining.cancel()
        self.check()

    def abandon(self) -> None:
        """Send nothing more."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            held_at, rows = await self._waiting.get()
            await self.publish(held_at, rows)
            self._waiting.task_done()

    async def publish(self, held_at: float, rows: Sequence[EventRow]) -> None:
        """Append the rows after making sure, if it took long to get here, that the lane is still held.

        Raises Fenced or PublishFailed, also when the log has become another: it was made anew, or has lost its end.
        """
        records = [event_record(row) for row in rows]
        if self._clock() - held_at > AWAY_SECONDS and not await self._store.holds(self._lane, self._epoch):
            raise Fenced(self._lane, self._epoch)
        offset = await self._log.append(self._topic, self._lane.partition, records)
        if offset - len(records) < self.mark.offset:
            place = f"{self._topic}/{self._lane.partition}"
            raise PublishFailed(f"{place} went on at offset {offset}, behind {self.mark.offset}: it is another log")
        self.mark = Mark(rows[-1].sequence, offset)
