"""The projection role: builds the read models of every context."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.catalogue import catalogue
from contracts.topics import Topics
from infra.kafka.required_topics import require_topics
from infra.kafka.subscription import KafkaSubscription
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.installation import check_partitions
from infra.postgres.waiting_lanes import PostgresWaitingLanes
from infra.processes.resources import database_for
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from workers.core.projection import Projection
from workers.domain import contexts
from workers.lanes.host import LaneHost
from workers.ports.log import Partition
from workers.projection.idle_look import ProjectionIdleLook
from workers.projection.lane import ProjectionLane

TABLE_CONNECTIONS = 2
"""For the events that a log lacks, which are read from the table."""


@asynccontextmanager
async def projection_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """One host and consumer group for each projection, so that a slow one delays no other, for located settings."""
    topics, events = Topics(settings.topic_prefix), catalogue().events
    database = database_for(settings, role="annals_reader", connections=TABLE_CONNECTIONS)
    redis = client(settings)
    table, store = PostgresEventStore(database), RedisReadModelWriter(redis, Keys(settings.topic_prefix))

    def host(projection: Projection) -> LaneHost:
        def work_for(partition: Partition) -> ProjectionLane:
            return ProjectionLane(projection, topics, partition.partition, events, table, store)

        group = f"annals-projection-{projection.name}"
        topic = topics.events(projection.context)
        subscription = KafkaSubscription(settings, group=group, topics=[topic])
        look = ProjectionIdleLook(projection.name, projection.context, topic, store, PostgresWaitingLanes(database))
        return LaneHost("projection", subscription, work_for, partitions=settings.partitions, idle_look=look)

    projections = [projection for context in contexts().values() for projection in context.projections]
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=False)
        await require_topics(settings, [topics.events(projection.context) for projection in projections])
        yield [host(projection) for projection in projections]
    finally:
        await redis.aclose()
        await database.close()
