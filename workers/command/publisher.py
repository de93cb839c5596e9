"""Publishes the committed events of a lane in order, one append at a time, while the next batch is being handled.

At most `MAX_UNPUBLISHED_BATCHES` batches wait. After a failure nothing more is sent, and the failure is raised at the
next step of the lane. Delivery is at least once: a paused worker may append a duplicate; readers drop it by its
sequence.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from workers.command.records import event_record
from workers.ports.clock import Clock
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, LaneKey, LaneStore, Mark
from workers.ports.log import EventLog, PublishFailed

MAX_UNPUBLISHED_BATCHES = 2
# If more time has passed since the commit was requested, this process may have been paused and the lane have a new
# owner.
AWAY_SECONDS = 1.0


class Publisher:
    """Publishes for one lane that is held. `mark` is the last event that the log has acknowledged."""

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
        """Queue the events of a batch. `held_at` is when the commit was requested, by `clock`: the lane was held then
        or later. (The answer may be read long after it was given.) Raises what publishing has raised.
        """
        if self._waiting.full():
            await self._done_or_failed(self._waiting.put((held_at, rows)))
        else:
            self._waiting.put_nowait((held_at, rows))
        self.check()

    def check(self) -> None:
        """Raise what publishing has raised, if anything."""
        if self._task.cancelled():  # not by `abandon`: a driver let out a cancellation of a task of its own
            raise PublishFailed("publishing was cancelled")
        if self._task.done():
            self._task.result()

    @property
    def is_running(self) -> bool:
        """Whether `check` would raise nothing."""
        return not self._task.done()

    async def drained(self) -> None:
        """Wait until all queued events are acknowledged. Raises what publishing has raised."""
        await self._done_or_failed(self._waiting.join())
        self.check()

    async def _done_or_failed(self, step: Coroutine[Any, Any, None]) -> None:
        """Wait for the step, or until publishing has failed."""
        waiting = asyncio.ensure_future(step)
        try:
            await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def abandon(self) -> None:
        """Send nothing more."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            held_at, rows = await self._waiting.get()
            await self.publish(held_at, rows)
            self._waiting.task_done()

    async def publish(self, held_at: float, rows: Sequence[EventRow]) -> None:
        """Append the rows; if much time has passed since `held_at`, check first that the lane is still held.

        Raises Fenced or PublishFailed, the latter also if the log was recreated or has lost its end.
        """
        records = [event_record(row) for row in rows]
        if self._clock() - held_at > AWAY_SECONDS and not await self._store.holds(self._lane, self._epoch):
            raise Fenced(self._lane, self._epoch)
        offset = await self._log.append(self._topic, self._lane.partition, records)
        if offset - len(records) < self.mark.offset:
            partition = f"{self._topic}/{self._lane.partition}"
            raise PublishFailed(
                f"{partition} continued at offset {offset}, not after {self.mark.offset}: "
                "the log was recreated or has lost its end"
            )
        self.mark = Mark(rows[-1].sequence, offset)
