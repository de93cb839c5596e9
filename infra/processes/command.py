"""The command role: handles the commands of every context."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.catalogue import catalogue
from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.groups import COMMAND_GROUP
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.required_topics import require_topics
from infra.kafka.subscription import KafkaSubscription
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.identities import PostgresIdentities
from infra.postgres.installation import check_partitions
from infra.postgres.roles import COMMAND
from infra.postgres.signing_keys import event_signatures, reply_signatures
from infra.processes.resources import database_for, owner_name
from infra.settings import Settings
from workers.command.command_ports import CommandPorts
from workers.command.idle_look import CommandIdleLook
from workers.command.lane import CommandLane
from workers.lanes.host import LaneHost
from workers.ports.log import Partition

WRITER_CONNECTIONS = 8


@asynccontextmanager
async def command_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """One host for the command topics of every context, for located settings."""
    declared, topics, messages = chosen_contexts(settings), Topics(settings.topic_prefix), catalogue()
    database = database_for(settings, role=COMMAND, connections=WRITER_CONNECTIONS)
    log = KafkaEventLog(settings, signed_by=event_signatures(database))
    sender = KafkaMessageSender(settings, replies_signed_by=reply_signatures(database))
    ports = CommandPorts(
        store=PostgresEventStore(database),
        log=log,
        sender=sender,
        topics=topics,
        partitions=settings.partitions,
        owner=owner_name(),
        commands=messages.commands,
        events=messages.stored_events(),
        identities=PostgresIdentities(database, knows_services=True) if settings.auth != "none" else None,
        newer_types=lambda: subscription.group_types - messages.types,
    )

    def work_for(partition: Partition) -> CommandLane:
        context = declared[topics.context_of(partition.topic)]
        return CommandLane(context, partition.partition, ports)

    inputs = [topics.commands(name) for name in declared]
    # A command of an aborted transaction was withdrawn by its sender and must not be run.
    subscription = KafkaSubscription(
        settings, group=COMMAND_GROUP, topics=inputs, committed_only=True, known_types=messages.types
    )
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=True)
        outputs = [*map(topics.events, declared), *map(topics.dead_letters, inputs), topics.replies]
        await require_topics(settings, [*inputs, *outputs])
        look = CommandIdleLook(log, [topics.replies, *(topics.events(name) for name in declared)])
        # From when the group gives this process lanes until it has acquired them, they stand still: so what they need
        # is there before.
        for topic in inputs:
            work_for(Partition(topic, 0))
        await log.connect(topics.events(next(iter(declared))))
        yield [LaneHost("command", subscription, work_for, partitions=settings.partitions, idle_look=look)]
    finally:
        await sender.stop()
        await log.stop()
        await database.close()
