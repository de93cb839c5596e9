"""Where a lane begins to read: its stored position, compared with the topic as it is now.

This module notices a topic that was deleted and created again, that lacks the records which the lane should read next,
or that has another number of partitions than the installation. It looks when the lane is acquired and, with the extents
that the watch brings, while the lane is held.

A topic may also have lost records at its end that the lane had read, and have grown again since. So the lane first
reads the record that it handled last: if another record is at this offset, the stored position is void. A partition can
lose its end only when it gets a new leader or its leader restarts; the leader epoch of later records shows that.
"""

from collections.abc import Sequence

import structlog

from workers import telemetry
from workers.lanes.interruptions import interruption, resumption
from workers.lanes.work import LaneWork, Restart
from workers.ports.lanes import Interruption
from workers.ports.log import Extent, InboundRecord, Partition, Subscription, TopicMisfit

log = structlog.get_logger(__name__)


class LaneInput:
    """The partition that a lane reads. `partitions`: how many its topic must have; None: any number."""

    def __init__(
        self, role: str, partition: Partition, work: LaneWork, subscription: Subscription, partitions: int | None
    ) -> None:
        self._role = role
        self._partition = partition
        self._work = work
        self._subscription = subscription
        self._partitions = partitions
        self._topic_id = ""
        self._leader_epoch = -1
        self._has_read = False
        # The offset and timestamp of the record that the lane has handled last: it must be the first to arrive.
        self._last: tuple[int, int] | None = None
        # A position that is void, as the record before it is not the one that was handled.
        self._overwritten: int | None = None
        # Gaps before this offset have been looked into: no records are gone there.
        self._whole_to = 0
        # The range of offsets in the middle of the topic at which records are gone, once the lane has found it.
        self._hole: tuple[int, int] | None = None

    async def check(self) -> None:
        """Check, before the lane is acquired, that the installation has this partition. Raises Unavailable or
        TopicMisfit.
        """
        if self._partitions is not None and self._partition.partition >= self._partitions:
            await self._extent()
            raise TopicMisfit(self._partition.topic, self._partition.partition + 1, self._partitions)

    async def begin(self, consumed: int) -> int:
        """The offset from which to read, once the lane was acquired and stands at `consumed`.

        Raises Unavailable, TopicMisfit or what `LaneWork.rebase` raises.
        """
        work, extent = self._work, await self._extent()
        self._whole_to, hole, self._hole = 0, self._hole, None
        self._last, overwritten, self._overwritten = None, self._overwritten, None
        changed = interruption(work.topic_id, consumed, extent, can_read_the_table=work.can_read_the_table)
        if changed is None and hole is not None and hole[0] == consumed:
            # The same as if the topic began after the missing records.
            extent = extent._replace(start=hole[1])
            changed = interruption(work.topic_id, consumed, extent)
        if changed is None and overwritten == consumed:
            changed = Interruption(
                "truncated", work.topic_id, extent.topic.id, consumed, extent.start, extent.end, missing=None
            )
        if changed is None and work.last_timestamp and extent.start < consumed:
            self._last = (consumed - 1, work.last_timestamp)
        offset = resumption(
            consumed, extent, is_interrupted=changed is not None, can_read_the_table=work.can_read_the_table
        )
        if changed is not None or extent.topic.id not in ("", work.topic_id):
            await work.rebase(offset, extent.topic.id, changed)
        if changed is not None:
            self._report(changed, offset)
        self._topic_id, self._leader_epoch, self._has_read = extent.topic.id, extent.leader_epoch, False
        return offset

    def reads_from(self, offset: int) -> int:
        """The offset to seek to, so that the lane continues at the offset that `begin` returned."""
        return offset if self._last is None else self._last[0]

    def new(self, records: Sequence[InboundRecord]) -> Sequence[InboundRecord]:
        """The fetched records without the one that was handled already. Raises Restart if handled records may
        be gone.
        """
        epoch, is_first = records[-1].leader_epoch, not self._has_read
        last, self._last, self._has_read = self._last, None, True
        if last is not None and records[0].offset == last[0]:
            if records[0].timestamp != last[1]:
                self._overwritten = last[0] + 1
                raise Restart(f"the record at offset {last[0]} is not the one that was handled")
            records = records[1:]
        if epoch > self._leader_epoch >= 0 and not self._work.can_read_the_table:
            if not is_first:
                raise Restart("its partition has a new leader")
            # The new leader had not reached every broker's metadata when the lane began; this batch was checked above.
            self._leader_epoch = epoch
        return records

    def changed(self, extent: Extent, fetched_before: int, fetched_to: int) -> str | None:
        """What has changed since the lane began, if anything, as the reason of a restart. `fetched_before` is the
        offset after the last record that had been fetched when the extent was requested; `fetched_to` is the same now.
        """
        if self._partitions not in (None, extent.topic.partitions):
            return f"its topic has {extent.topic.partitions} partitions"
        reads_table = self._work.can_read_the_table
        change = interruption(self._topic_id, fetched_before, extent, can_read_the_table=reads_table)
        # Records that were deleted after the lane had fetched them are not lost.
        if change is None or (change.kind == "deleted" and fetched_to >= extent.start):
            return None
        return f"its topic was {change.kind}"

    async def look_into_a_gap(self, next_offset: int, until: int, fetched_to: int) -> None:
        """Find out why the offsets in [`next_offset`, `until`) were left out. Markers of transactions and aborted
        records are harmless. Raises Restart if records are gone: deleted from the beginning, or from the middle, as the
        cleaner of a compacted topic does. Raises Unavailable. One look covers all that was fetched, up to `fetched_to`.
        """
        if until <= self._whole_to:
            return
        gone = f"records from offset {next_offset} on are gone"
        if (await self._extent()).start > next_offset:
            raise Restart(gone)
        if self._work.can_read_the_table:
            return
        hole = await self._subscription.hole(self._partition, next_offset, fetched_to)
        begin, end = hole or (fetched_to, fetched_to)
        if begin < until:
            self._hole = (next_offset, end)
            raise Restart(gone)
        self._whole_to = begin

    async def _extent(self) -> Extent:
        topic, wanted = self._partition.topic, self._partitions
        extent = (await self._subscription.extents([self._partition])).get(self._partition)
        if extent is None:
            raise TopicMisfit(topic, 0, wanted or 0)
        if wanted is not None and extent.topic.partitions != wanted:
            raise TopicMisfit(topic, extent.topic.partitions, wanted)
        return extent

    def _report(self, changed: Interruption, offset: int) -> None:
        topic = self._partition.topic
        telemetry.LOG_INTERRUPTIONS.labels(self._role, topic, changed.kind).inc()
        facts = {"role": self._role, "topic": topic, "partition": self._partition.partition, "reads_from": offset}
        facts |= changed._asdict()
        if self._work.can_read_the_table:
            log.warning("the topic has changed; what it lacks is read from the event table", **facts)
            return
        telemetry.RECORDS_MISSING.labels(self._role, topic).inc(changed.missing or 0)
        advice = "find out which commands were sent and not answered, then: annals lanes acknowledge"
        log.error("the topic has changed; records that were never read may be lost", **facts, advice=advice)
