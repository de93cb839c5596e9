"""Publishes what a lane's log lacks: a missing end in order; a hole at the end of the log, where readers drop it as a
repeat, as they have filled it from the table.

The repair acquires the lane as a worker would. That fences the lane's owner, which acquires it again seconds later.
"""

from collections.abc import Sequence

from workers.command.publisher import Publisher
from workers.command.taking_over import REPUBLISH_BATCH_EVENTS, LogAhead, as_written, publish_the_rest, publisher_after
from workers.operations.repair.tools import LANE_OWNER, RepairTools
from workers.operations.verification.findings import LogGap
from workers.ports.lanes import Fenced, LaneKey
from workers.ports.log import PublishFailed

ATTEMPTS = 5
KIND = "published again"


async def publish_missing(tools: RepairTools, context: str, partition: int, gaps: Sequence[LogGap]) -> None:
    """Publish the events of these gaps of one lane. Raises Unavailable."""
    lane = LaneKey("command", tools.sources.topics.commands(context), partition)
    holes = sorted((gap.first, gap.last) for gap in gaps)
    for _ in range(ATTEMPTS):
        try:
            await _publish(tools, context, lane, holes)
        except (Fenced, PublishFailed) as error:
            reason = str(error)
        except LogAhead as error:
            tools.report.left_alone(KIND, f"{context} {partition}", str(error))
            return
        else:
            return
    tools.report.left_alone(KIND, f"{context} {partition}", f"tried {ATTEMPTS} times: {reason}")


async def _publish(tools: RepairTools, context: str, lane: LaneKey, holes: list[tuple[int, int]]) -> None:
    """One attempt; what is published is removed from `holes`."""
    store, log, topic = tools.event_store, tools.event_log, tools.sources.topics.events(context)
    clock, models = tools.sources.clock, tools.sources.models
    acquired_at = clock()
    grant = await store.acquire(lane, LANE_OWNER)
    tail = await log.tail(topic, lane.partition, max(grant.mark.offset, 0))
    publisher = publisher_after(tail, lane, grant, topic, log, store, clock)
    try:
        await publish_the_rest(publisher, context, lane, grant, store, models, acquired_at)
        if tail.sequence < grant.sequence:
            what = f"{context} {lane.partition}/{tail.sequence + 1}-{grant.sequence}"
            tools.report.repaired(KIND, f"{what}, the end of the log")
        # Records with lower sequences follow this mark: the next owner must find the highest one from here on.
        mark = publisher.mark
        while holes:
            first, last = holes.pop(0)
            await _fill(tools, publisher, context, lane, first, min(last, tail.sequence))
        await store.release(lane, grant.epoch, mark)
    finally:
        publisher.abandon()


async def _fill(tools: RepairTools, publisher: Publisher, context: str, lane: LaneKey, first: int, last: int) -> None:
    position, models = first - 1, tools.sources.models
    where = f"{context} {lane.partition}/{first}-{last}"
    while position < last:
        read_at, limit = tools.sources.clock(), min(REPUBLISH_BATCH_EVENTS, last - position)
        page = await tools.event_store.events_after(context, lane.partition, position, limit)
        rows = [row._replace(data=as_written(row, models)) for row in page if row.sequence <= last]
        if not rows:
            why = "the table does not have them either; restore the newest database"
            tools.report.left_alone(KIND, where, why)
            return
        await publisher.publish(read_at, rows)
        position = rows[-1].sequence
    if first <= last:
        tools.report.repaired(KIND, f"{where}, out of order, behind the end of the log")
