"""Where a lane begins to read: its stored position, compared with the topic as it is now.

A topic that was made anew, that lacks what the lane should read next, or that has another number of partitions than the
installation is noticed here, when the lane is taken and, with what the watch sees, while it runs.

A topic may also have lost its end, with what the lane had read, and have grown beyond it since. So the first record
that a lane reads is the last one that it has handled: when another one stands there, the lane's position says nothing.
A partition loses its end only when it gets a new leader, or its leader comes back; records written after that tell.
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
        # The offset and timestamp of what the lane has handled last: what comes first must be this record.
        self._last: tuple[int, int] | None = None
        # The position that says nothing, as another record stands before it than the one that was handled.
        self._overwritten: int | None = None
        # Before this offset nothing is missing that the lane will read over.
        self._whole_to = 0
        # From where to where records are gone from the middle, as the lane has found out.
        self._hole: tuple[int, int] | None = None

    async def check(self) -> None:
        """Before the lane is taken: a partition that the installation does not have is no lane. Raises Unavailable or
        TopicMisfit.
        """
        if self._partitions is not None and self._partition.partition >= self._partitions:
            await self._extent()
            raise TopicMisfit(self._partition.topic, self._partition.partition + 1, self._partitions)

    async def begin(self, consumed: int) -> int:
        """The offset from which to read, now that the lane was taken and stands at `consumed`.

        Raises Unavailable, TopicMisfit or what `LaneWork.rebase` raises.
        """
        work, extent = self._work, await self._extent()
        self._whole_to, hole, self._hole = 0, self._hole, None
        self._last, overwritten, self._overwritten = None, self._overwritten, None
        changed = interruption(work.topic_id, consumed, extent, can_read_the_table=work.can_read_the_table)
        if changed is None and hole is not None and hole[0] == consumed:
            # As if the topic began behind them.
            extent = extent._replace(start=hole[1])
            changed = interruption(work.topic_id, consumed, extent)
        if changed is None and overwritten == consumed:
            about = (work.topic_id, extent.topic.id, consumed, extent.start, extent.end)
            changed = Interruption("truncated", *about, missing=None)
        if changed is None and work.last_timestamp and extent.start < consumed:
            self._last = (consumed - 1, work.last_timestamp)
        offset = resumption(
            consumed, extent, is_interrupted=changed is not None, can_read_the_table=work.can_read_the_table
        )
        if changed is not None or extent.topic.id not in ("", work.topic_id):
            await work.rebase(offset, extent.topic.id, changed)
        if changed is not None:
            self._say(changed, offset)
        self._topic_id, self._leader_epoch, self._has_read = extent.topic.id, extent.leader_epoch, False
        return offset

    def reads_from(self, offset: int) -> int:
        """Where to read from, for the lane to go on at the offset that `begin` returned."""
        return offset if self._last is None else self._last[0]

    def new(self, records: Sequence[InboundRecord]) -> Sequence[InboundRecord]:
        """Those of the records that were fetched that are new. Raises Restart when what was handled may be gone."""
        epoch, is_first = records[-1].leader_epoch, not self._has_read
        last, self._last, self._has_read = self._last, None, True
        if last is not None and records[0].offset == last[0]:
            if records[0].timestamp != last[1]:
                self._overwritten = last[0] + 1
                raise Restart(f"another record stands at offset {last[0]} than the one that was handled")
            records = records[1:]
        if epoch > self._leader_epoch >= 0 and not self._work.can_read_the_table:
            if not is_first:
                raise Restart("its partition has a new leader")
            # It came together with the record that was looked at, from a leader of whom not every broker tells yet.
            self._leader_epoch = epoch
        return records

    def changed(self, extent: Extent, fetched_before: int, fetched_to: int) -> str | None:
        """What is not as it was when the lane began, if anything. `fetched_before`: the offset behind the last record
        that had come when the extent was asked for; `fetched_to`: the same now.
        """
        if self._partitions not in (None, extent.topic.partitions):
            return f"its topic has {extent.topic.partitions} partitions"
        reads_table = self._work.can_read_the_table
        found = interruption(self._topic_id, fetched_before, extent, can_read_the_table=reads_table)
        # What was deleted after it had come is not lost.
        if found is None or (found.kind == "deleted" and fetched_to >= extent.start):
            return None
        return f"its topic was {found.kind}"

    async def look_into_a_gap(self, next_offset: int, until: int, fetched_to: int) -> None:
        """Offsets from `next_offset` to before `until` were left out: perhaps the marks of transactions, and what these
        took back; one look is enough for all that was fetched. Raises Restart when records are gone there: deleted
        from the beginning, or from the middle, as a cleaner of compacted topics does. Raises Unavailable.
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

    def _say(self, changed: Interruption, offset: int) -> None:
        topic = self._partition.topic
        telemetry.LOG_INTERRUPTIONS.labels(self._role, topic, changed.kind).inc()
        facts = {"role": self._role, "topic": topic, "partition": self._partition.partition, "reads_from": offset}
        facts |= changed._asdict()
        if self._work.can_read_the_table:
            log.warning("the topic is not as it was; the event table has what it lacks", **facts)
            return
        telemetry.RECORDS_MISSING.labels(self._role, topic).inc(changed.missing or 0)
        advice = "find out what was sent and not answered, then: annals lanes acknowledge"
        log.error("the topic is not as it was; records may be lost that were never read", **facts, advice=advice)
