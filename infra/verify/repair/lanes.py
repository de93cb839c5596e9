"""Publishes what a lane's log lacks: a missing end in order, a hole at the end, where readers take it for a repeat.

The lane is taken over as a worker would: its owner is fenced, and takes it back by itself some seconds later.
"""

import time
from collections.abc import Sequence

from infra.postgres.event_store import PostgresEventStore
from infra.verify.repair.tools import Tools
from workers.command.publisher import Publisher
from workers.command.taking_over import REPUBLISH_BATCH_EVENTS, LogAhead, as_written, publish_the_rest, publisher_after
from workers.ports.lanes import Fenced, LaneKey
from workers.ports.log import PublishFailed
from workers.verification.findings import LogGap

ATTEMPTS = 5
KIND = "published again"


async def publish_missing(tools: Tools, context: str, partition: int, gaps: Sequence[LogGap]) -> None:
    """Publish the events of these gaps of one lane. Raises Unavailable."""
    topics = tools.sources.topics
    lane = LaneKey("command", topics.commands(context), partition)
    holes = sorted((gap.first, gap.last) for gap in gaps)
    for _ in range(ATTEMPTS):
        try:
            await _publish(tools, context, lane, holes)
        except (Fenced, PublishFailed) as error:
            reason = str(error)
        except LogAhead as error:
            tools.account.left(KIND, f"{context} {partition}", str(error))
            return
        else:
            return
    tools.account.left(KIND, f"{context} {partition}", f"tried {ATTEMPTS} times: {reason}")


async def _publish(tools: Tools, context: str, lane: LaneKey, holes: list[tuple[int, int]]) -> None:
    """One attempt; what is published is taken from `holes`."""
    store, log, topic = PostgresEventStore(tools.database), tools.log, tools.sources.topics.events(context)
    clock, models = time.monotonic, tools.sources.models
    taken_at = clock()
    grant = await store.acquire(lane, tools.owner)
    tail = await log.tail(topic, lane.partition, max(grant.mark.offset, 0))
    publisher = publisher_after(tail, lane, grant, topic, log, store, clock)
    try:
        await publish_the_rest(publisher, context, lane, grant, store, models, taken_at)
        if tail.sequence < grant.sequence:
            what = f"{context} {lane.partition}/{tail.sequence + 1}-{grant.sequence}"
            tools.account.did(KIND, f"{what}, the end of the log")
        # Behind it come records with lower sequences: the next owner must find the highest from this mark on.
        mark = publisher.mark
        while holes:
            first, last = holes.pop(0)
            await _fill(tools, publisher, context, lane, first, min(last, tail.sequence))
        await store.release(lane, grant.epoch, mark)
    finally:
        publisher.abandon()


async def _fill(tools: Tools, publisher: Publisher, context: str, lane: LaneKey, first: int, last: int) -> None:
    store, position = PostgresEventStore(tools.database), first - 1
    where = f"{context} {lane.partition}/{first}-{last}"
    while position < last:
        read_at, limit = time.monotonic(), min(REPUBLISH_BATCH_EVENTS, last - position)
        found = await store.events_after(context, lane.partition, position, limit)
        rows = [row for row in found if row.sequence <= last]
        if not rows:
            tools.account.left(KIND, where, "the table does not have them either; restore the newest database")
            return
        rows = [row._replace(data=as_written(row, tools.sources.models)) for row in rows]
        await publisher.publish(read_at, rows)
        position = rows[-1].sequence
    if first <= last:
        tools.account.did(KIND, f"{where}, out of order, behind the end of the log")
