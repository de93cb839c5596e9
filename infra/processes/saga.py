"""The saga role: runs the sagas of every context."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.kafka.groups import SAGA_GROUP
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.required_topics import require_topics
from infra.kafka.subscription import KafkaSubscription
from infra.postgres.identities import PostgresIdentities
from infra.postgres.installation import check_partitions
from infra.postgres.roles import SAGA
from infra.postgres.saga_store import PostgresSagaStore
from infra.postgres.signing_keys import event_signatures
from infra.postgres.waiting_lanes import PostgresWaitingLanes
from infra.processes.resources import database_for, owner_name
from infra.settings import Settings
from workers.lanes.host import LaneHost
from workers.ports.log import Partition
from workers.saga.idle_look import SagaIdleLook
from workers.saga.lane import SagaLane
from workers.saga.saga_ports import SagaPorts
from workers.saga.shared_instances import SharedInstances

WRITER_CONNECTIONS = 8


@asynccontextmanager
async def saga_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """One host for the event topics of every context that a saga follows, for located settings."""
    declared, topics = chosen_contexts(settings), Topics(settings.topic_prefix)
    sagas = [saga for context in declared.values() for saga in context.sagas]
    database = database_for(settings, role=SAGA, connections=WRITER_CONNECTIONS)
    sender = KafkaMessageSender(settings)
    ports = SagaPorts(
        store=PostgresSagaStore(database),
        sender=sender,
        topics=topics,
        owner=owner_name(),
        events=stored_events(),
        instances=SharedInstances(),
        identities=PostgresIdentities(database, knows_services=False),
    )

    def work_for(partition: Partition) -> SagaLane:
        context = topics.context_of(partition.topic)
        return SagaLane(context, [saga for saga in sagas if context in saga.contexts], partition.partition, ports)

    inputs = sorted({topics.events(context) for saga in sagas for context in saga.contexts})
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=True)
        await require_topics(settings, [*inputs, *(topics.commands(name) for name in declared)])
        subscription = KafkaSubscription(
            settings,
            group=SAGA_GROUP,
            topics=inputs,
            signed_by=event_signatures(database),
            known_types=stored_events().models,
        )
        for topic in inputs:
            work_for(Partition(topic, 0))  # what lanes are made of is made before the group waits for them
        look = SagaIdleLook(PostgresWaitingLanes(database), [saga.name for saga in sagas])
        yield [LaneHost("saga", subscription, work_for, partitions=settings.partitions, idle_look=look)]
    finally:
        await sender.stop()
        await database.close()
