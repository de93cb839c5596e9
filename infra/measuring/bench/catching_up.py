"""Until projections and sagas have every event that there is: what is measured next must not wait for it."""

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


async def all_caught_up(settings: Settings, database: Database) -> None:
    """Wait for it, a minute beyond the last progress. Raises Stalled or Unavailable."""
    loop = asyncio.get_running_loop()
    least, end = None, loop.time() + STALLED_SECONDS
    async with client(settings) as redis:
        models = RedisReadModels(redis, Keys(settings.topic_prefix))
        while behind := await _behind(settings, database, models):
            if least is None or behind < least:
                least, end = behind, loop.time() + STALLED_SECONDS
            elif loop.time() > end:
                raise Stalled("projection or saga", -behind, 0)
            await asyncio.sleep(POLL_SECONDS)


async def _behind(settings: Settings, database: Database, models: RedisReadModels) -> int:
    """How many events are still to be taken, over all projections and all contexts that sagas follow."""
    topics = Topics(settings.topic_prefix)
    lanes = await Lanes(database).sequences()
    written = {(topics.context_of(lane.topic), lane.partition): lane.sequence for lane in lanes}
    taken = 0
    wanted = 0
    followed = {name for context in contexts().values() for saga in context.sagas for name in saga.contexts}
    for name, context in contexts().items():
        topic, partitions = topics.events(name), [partition for found, partition in written if found == name]
        events = sum(written[name, partition] for partition in partitions)
        for projection in context.projections:
            taken += sum([await models.reached(projection.name, topic, partition) for partition in partitions])
            wanted += events
        if name in followed:
            taken += sum(lane.input_sequence for lane in await Lanes(database).saga_positions(topic))
            wanted += events
    return wanted - taken
