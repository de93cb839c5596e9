"""Waits until projections and sagas have applied every event, so that the next measurement does not wait for them."""

import asyncio

from contracts.topics import Topics
from infra.measuring.bench.worker_process import POLL_SECONDS, STALLED_SECONDS, Stalled
from infra.postgres.lanes import Lanes
from infra.postgres.pool import Database
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from workers.domain import contexts
from workers.ports.sections import lane_topic


async def all_caught_up(settings: Settings, database: Database) -> None:
    """Wait until nothing is left to apply. Raises Stalled after a minute without progress, or Unavailable."""
    loop = asyncio.get_running_loop()
    smallest, end = None, loop.time() + STALLED_SECONDS
    async with client(settings) as redis:
        models = RedisReadModels(redis, Keys(settings.topic_prefix))
        while behind := await _behind(settings, database, models):
            if smallest is None or behind < smallest:
                smallest, end = behind, loop.time() + STALLED_SECONDS
            elif loop.time() > end:
                raise Stalled("projection or saga", -behind, 0)
            await asyncio.sleep(POLL_SECONDS)


async def _behind(settings: Settings, database: Database, models: RedisReadModels) -> int:
    """How many events are still to be applied, over all projections and all contexts that sagas follow."""
    topics = Topics(settings.topic_prefix)
    lanes = await Lanes(database).lane_sequences()
    written = {(topics.context_of(lane.topic), lane.partition): lane.sequence for lane in lanes}
    applied = 0
    wanted = 0
    followed = {name for context in contexts().values() for saga in context.sagas for name in saga.contexts}
    for name in contexts():
        topic, partitions = (
            topics.events(name),
            [partition for context_name, partition in written if context_name == name],
        )
        events = sum(written[name, partition] for partition in partitions)
        followers = [
            (projection.name, lane_topic(topic, section))
            for other in contexts().values()
            for projection in other.projections
            for section, followed_context in projection.fed_by()
            if followed_context == name
        ]
        for projection_name, lanes_topic in followers:
            applied += sum([await models.reached(projection_name, lanes_topic, partition) for partition in partitions])
            wanted += events
        if name in followed:
            applied += sum(lane.input_sequence for lane in await Lanes(database).saga_positions(topic))
            wanted += events
    return wanted - applied
