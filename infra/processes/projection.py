"""The projection role: builds the read models of every context."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.kafka.groups import projection_group
from infra.kafka.required_topics import require_topics
from infra.kafka.subscription import KafkaSubscription
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.installation import check_partitions
from infra.postgres.roles import PROJECTION
from infra.postgres.signing_keys import event_signatures
from infra.postgres.waiting_lanes import PostgresWaitingLanes
from infra.processes.resources import database_for
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from workers.core.projection import Projection, Section
from workers.lanes.host import LaneHost
from workers.lanes.work import LaneWork
from workers.ports.log import Partition
from workers.ports.sections import follower_name, lane_topic
from workers.projection.idle_look import ProjectionIdleLook
from workers.projection.lane import ProjectionLane
from workers.projection.section_lane import SectionLane

TABLE_CONNECTIONS = 2
"""For the events that a log lacks, which are read from the table."""


@asynccontextmanager
async def projection_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """One host and consumer group for each projection and each section, so that a slow one delays no other, for located
    settings.
    """
    topics, events = Topics(settings.topic_prefix), stored_events()
    database = database_for(settings, role=PROJECTION, connections=TABLE_CONNECTIONS)
    redis = client(settings)
    table, store = PostgresEventStore(database), RedisReadModelWriter(redis, Keys(settings.topic_prefix))
    waiting, signatures = PostgresWaitingLanes(database), event_signatures(database)

    def host(projection: Projection) -> LaneHost:
        def work_for(partition: Partition) -> LaneWork:
            return ProjectionLane(projection, topics, partition.partition, events, table, store)

        return hosting(projection_group(projection.name), projection, projection.context, work_for)

    def section_host(projection: Projection, section: Section) -> LaneHost:
        def work_for(partition: Partition) -> LaneWork:
            return SectionLane(projection, section, topics, partition.partition, events, table, store)

        group = projection_group(projection.name, section.name)
        return hosting(group, projection, section.context, work_for, section.name)

    def hosting(
        group: str, projection: Projection, context: str, work_for: Callable[[Partition], LaneWork], section: str = ""
    ) -> LaneHost:
        follower = follower_name(projection.name, section) if section else projection.name
        topic = topics.events(context)
        subscription = KafkaSubscription(
            settings, group=group, topics=[topic], signed_by=signatures, known_types=events.models
        )
        work_for(Partition(topic, 0))  # what lanes are made of is made before the group waits for them
        look = ProjectionIdleLook(projection.name, context, lane_topic(topic, section), store, waiting)
        return LaneHost(
            "projection", subscription, work_for, partitions=settings.partitions, idle_look=look, follower=follower
        )

    projections = [projection for context in chosen_contexts(settings).values() for projection in context.projections]
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=False)
        followed = {context for projection in projections for _, context in projection.fed_by()}
        await require_topics(settings, [topics.events(context) for context in sorted(followed)])
        yield [host(projection) for projection in projections] + [
            section_host(projection, section) for projection in projections for section in projection.sections
        ]
    finally:
        await redis.aclose()
        await database.close()
