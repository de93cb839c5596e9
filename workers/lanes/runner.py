"""The life of one lane in this process: acquire, work, and, after any fault, abandon and acquire again.

One task handles the records of a lane strictly in order; lanes run concurrently. The queue is bounded: a full one
pauses the partition. Recovery is always the same as the start of a new owner: from the stored position, which is
compared with the topic as it is now. This is where a recreated topic or missing records are noticed. While the lane is
held, the watch and the records themselves tell when to compare again.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from contracts.stored_events import NewerRelease
from workers import telemetry
from workers.background import asked_to_end
from workers.lanes.beginning import LaneInput
from workers.lanes.faults import delay_after
from workers.lanes.queue import RecordQueue, WentBack
from workers.lanes.waiting import RecordWait
from workers.lanes.work import LaneWork, Restart
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable
from workers.ports.log import Extent, InboundRecord, Partition, Subscription, TopicMisfit

IDLE_SECONDS = 1.0
EXAMINE_INTERVAL_SECONDS = 2.0
RETRY_DELAY_SECONDS = 0.2
MAX_RETRY_DELAY_SECONDS = 10.0

log = structlog.get_logger(__name__)


class LaneRunner:
    """Runs one `LaneWork` on the records of one partition.

    `active`: the lane is held. `has_failed`: after a fault it has done nothing yet, though it may be held again.
    `moved_at`: when it last made progress, by `clock`. `waiting`: its wait for records. `follower`: that of its host.
    """

    def __init__(
        self,
        role: str,
        partition: Partition,
        work: LaneWork,
        subscription: Subscription,
        clock: Clock = time.monotonic,
        partitions: int | None = None,
        *,
        is_looked_after: bool = False,
        follower: str = "",
    ) -> None:
        """`partitions` is the number that the topic must have; None: any number. `is_looked_after`: the host tells when
        to look for something to do without records (idle.py); else the lane does so once a second.
        """
        self.role, self.follower, self.partition, self.work = role, follower, partition, work
        self.active = self.has_failed = False
        self.moved_at = clock()
        self.waiting = RecordWait(clock)
        self._input = LaneInput(role, partition, work, subscription, partitions)
        self._out_of_date: str | None = None
        self._examined_at = self.moved_at
        self._handled_ms: int | None = None
        self._lane = {"role": role, **partition._asdict(), **({"follower": follower} if follower else {})}
        self._subscription, self._clock, self._is_looked_after = subscription, clock, is_looked_after
        self._queue, self._paused = RecordQueue(), True
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that acquires the lane and works until `stop`."""
        telemetry.CAUGHT_UP.labels(self.role, self.follower, *self.partition).set(0)
        self._task = asyncio.create_task(self._run(), name=f"{self.role} {self.partition}")

    def offer(self, records: Sequence[InboundRecord]) -> None:
        """Queue fetched records. Those of a lane that is not held now are dropped: they will be read again."""
        if not records or not self.active or self._out_of_date is not None:
            return
        try:
            if not (records := self._input.new(records)):
                return
            self._queue.extend(records)
        except (Restart, WentBack) as error:
            self.restart(str(error))
            return
        self.waiting.end()
        if self._queue.is_full and not self._paused:
            self._paused = True
            self._subscription.pause(self.partition)

    def restart(self, reason: str) -> None:
        """Acquire the lane again once the fetched records are handled."""
        if self.active and self._out_of_date is None:
            self._out_of_date = reason
            self.waiting.end()

    @property
    def next_offset(self) -> int:
        """The offset after the last record that was handled."""
        return self._queue.next_offset

    @property
    def fetched_to(self) -> int:
        """The offset after the last record that was fetched."""
        return self._queue.fetched_to

    def compare(self, extent: Extent, fetched_to: int) -> None:
        """Restart the lane if its topic has changed. `fetched_to` is from before the extent was requested."""
        changed = self._input.changed(extent, fetched_to, self._queue.fetched_to)
        if changed is not None:
            self.restart(changed)

    @property
    def oldest_waiting_ms(self) -> int | None:
        """The timestamp of the oldest record that is not handled yet, in milliseconds since 1970; if it has not been
        fetched, that of the record before it. None: nothing has been read.
        """
        waiting = self._queue.first_timestamp
        return self._handled_ms if waiting is None else waiting

    @property
    def waits_for_records(self) -> bool:
        """Whether the lane is held, not paused, and has nothing to do."""
        return self.active and not self._queue and not self._paused

    def note_progress(self) -> None:
        """The lane has done something, or has nothing to do."""
        self.moved_at = self._clock()
        telemetry.LAST_PROGRESS.labels(self.role, self.follower, *self.partition).set_to_current_time()

    async def stop(self, timeout_seconds: float) -> None:
        """Finish the current batch and release the lane; after the timeout, abandon it."""
        self._stopping.set()
        self.waiting.end()
        if (task := self._task) is None:
            return
        if not (await asyncio.wait({task}, timeout=timeout_seconds))[0]:
            log.warning("lane abandoned: it was not released in time", timeout_seconds=timeout_seconds, **self._lane)
            task.cancel()
            await asyncio.wait({task}, timeout=1)
        self.work.abandon()
        for gauge in telemetry.OF_A_LANE:
            gauge.remove(self.role, self.follower, *self.partition)

    async def _run(self) -> None:
        delay = RETRY_DELAY_SECONDS
        while not self._stopping.is_set():
            started = self.moved_at = self._clock()
            try:
                await self._hold()
            except (Exception, asyncio.CancelledError) as error:  # after any the lane is acquired again
                if isinstance(error, asyncio.CancelledError) and asked_to_end():
                    raise
                delay = RETRY_DELAY_SECONDS if self._clock() - started > MAX_RETRY_DELAY_SECONDS else delay
                await self._recover(error, delay)
                delay = min(delay * 2, MAX_RETRY_DELAY_SECONDS)
            finally:
                self._set_active(False)

    async def _hold(self) -> None:
        await self._input.check()
        offset = await self._input.begin(await self.work.acquire())
        self._queue.begin(offset)
        self._out_of_date, self.waiting.has_looked = None, False
        self._subscription.seek(self.partition, self._input.reads_from(offset))
        self._set_active(True)
        self._paused = False
        self._subscription.resume(self.partition)
        telemetry.TAKEOVERS.labels(self.role, self.partition.topic).inc()
        while not self._stopping.is_set():
            batch = await self._next_batch()
            if batch:
                await self._handle(batch)
            elif not self._stopping.is_set():
                await self.work.idle()
            self.waiting.has_looked = not batch
            await self._examine()
            self.has_failed = False
            self.note_progress()
        await self.work.release()

    async def _examine(self) -> None:
        now = self._clock()
        if now - self._examined_at < EXAMINE_INTERVAL_SECONDS:
            return
        self._examined_at = now
        try:
            await self.work.examine()
        except TopicMisfit:
            raise
        except Unavailable as error:
            log.debug("the lane's output topics could not be checked", role=self.role, reason=str(error))

    async def _handle(self, batch: list[InboundRecord]) -> None:
        started = self._clock()
        await self.work.handle(batch)
        self._queue.handled(batch)
        self._handled_ms = batch[-1].timestamp
        telemetry.BATCH_RECORDS.labels(self.role).observe(len(batch))
        telemetry.BATCH_SECONDS.labels(self.role).observe(self._clock() - started)

    async def _next_batch(self) -> list[InboundRecord]:
        if not self._queue:
            self.waiting.forget_end()
            if self._out_of_date is not None:
                raise Restart(self._out_of_date)
            await self.waiting.until_ended(None if self._is_looked_after else IDLE_SECONDS)
        if (gap := self._queue.gap) is not None:
            await self._input.look_into_a_gap(self._queue.next_offset, gap, self._queue.fetched_to)
            self._queue.pass_the_gap()
        batch = self._queue.next_batch()
        if self._paused and self._queue.has_room:
            self._paused = False
            self._subscription.resume(self.partition)
        return batch

    async def _recover(self, error: BaseException, delay_seconds: float) -> None:
        """Abandon the lane, log the reason, and wait as long as the kind of fault requires."""
        self._set_active(False)
        self._subscription.pause(self.partition)
        self.work.abandon()
        telemetry.LANE_FAULTS.labels(self.role, type(error).__name__).inc()
        self.has_failed |= not isinstance(error, Restart)
        if isinstance(error, NewerRelease):
            # Another attempt would meet the same message. The group may have a member that knows it, now or later.
            self._subscription.leave_to_newer(self.partition, {error.wire_type})
        delay_seconds = delay_after(error, delay_seconds, self._lane)
        if delay_seconds:
            await self._pause_for(delay_seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter, not a secret

    async def _pause_for(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _set_active(self, active: bool) -> None:
        if active != self.active:
            self.active = active
            telemetry.CAUGHT_UP.labels(self.role, self.follower, *self.partition).set(0)
            telemetry.LANES_HELD.labels(self.role, self.partition.topic).inc(1 if active else -1)
