"""The composition of the worker processes: which adapters each role's loops speak to.

Each context manager opens what a role needs, yields the role's `LaneHost`s, and closes everything in order.
"""

import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from contracts.catalogue import catalogue
from contracts.topics import Topics
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.presence import require_topics
from infra.kafka.subscription import KafkaSubscription
from infra.kafka.topics import topics_of
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.installation import check_partitions
from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.settings import Settings
from workers.command.lane import CommandLane, CommandPorts
from workers.core.projection import Projection
from workers.domain import contexts
from workers.lanes.host import LaneHost
from workers.ports.log import Partition
from workers.projection.lane import ProjectionLane
from workers.saga.lane import SagaLane, SagaPorts

WRITER_CONNECTIONS = 8
FILLER_CONNECTIONS = 2


def owner_name() -> str:
    """Who holds a lane, for people: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


def database_for(settings: Settings, *, role: str | None, connections: int) -> Database:
    """A pool, not yet open, on the located database."""
    assert settings.database_url is not None, "settings must be located first"
    return Database(settings.database_url.get_secret_value(), role=role, connections=connections)


@asynccontextmanager
async def command_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """The command role: every context's commands."""
    declared, topics, messages = contexts(), Topics(settings.topic_prefix), catalogue()
    database = database_for(settings, role="annals_writer", connections=WRITER_CONNECTIONS)
    log, sender = KafkaEventLog(settings), KafkaMessageSender(settings)
    ports = CommandPorts(
        store=PostgresEventStore(database),
        log=log,
        sender=sender,
        topics=topics,
        partitions=settings.partitions,
        owner=owner_name(),
        commands=messages.commands,
        events=messages.events,
    )

    def work_for(partition: Partition) -> CommandLane:
        context = declared[topics.context_of(partition.topic)]
        return CommandLane(context.name, context.decider, partition.partition, ports)

    inputs = [topics.commands(name) for name in declared]
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=True)
        await require_topics(settings, [topic.name for topic in topics_of(list(declared), settings)])
        # A command that its sender has taken back, by aborting the transaction that it was in, must not be run.
        subscription = KafkaSubscription(settings, group="annals-command", topics=inputs, committed_only=True)
        yield [LaneHost("command", subscription, work_for, partitions=settings.partitions)]
    finally:
        await sender.stop()
        await log.stop()
        await database.close()


@asynccontextmanager
async def saga_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """The saga role: every context whose events a saga follows."""
    declared, topics = contexts(), Topics(settings.topic_prefix)
    sagas = [saga for context in declared.values() for saga in context.sagas]
    database = database_for(settings, role="annals_writer", connections=WRITER_CONNECTIONS)
    sender = KafkaMessageSender(settings)
    ports = SagaPorts(
        store=PostgresSagaStore(database),
        sender=sender,
        topics=topics,
        owner=owner_name(),
        events=catalogue().events,
    )

    def work_for(partition: Partition) -> SagaLane:
        context = topics.context_of(partition.topic)
        return SagaLane(context, [saga for saga in sagas if context in saga.contexts], partition.partition, ports)

    inputs = sorted({topics.events(context) for saga in sagas for context in saga.contexts})
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=True)
        await require_topics(settings, [*inputs, *(topics.commands(name) for name in declared)])
        subscription = KafkaSubscription(settings, group="annals-saga", topics=inputs)
        yield [LaneHost("saga", subscription, work_for, partitions=settings.partitions)]
    finally:
        await sender.stop()
        await database.close()


@asynccontextmanager
async def projection_hosts(settings: Settings) -> AsyncIterator[list[LaneHost]]:
    """The projection role: a group for each projection, so that each goes its own pace."""
    topics, events = Topics(settings.topic_prefix), catalogue().events
    database = database_for(settings, role="annals_reader", connections=FILLER_CONNECTIONS)
    redis = client(settings)
    table, store = PostgresEventStore(database), RedisReadModelWriter(redis, Keys(settings.topic_prefix))

    def host(projection: Projection) -> LaneHost:
        def work_for(partition: Partition) -> ProjectionLane:
            return ProjectionLane(projection, topics, partition.partition, events, table, store)

        group = f"annals-projection-{projection.name}"
        subscription = KafkaSubscription(settings, group=group, topics=[topics.events(projection.context)])
        return LaneHost("projection", subscription, work_for, partitions=settings.partitions)

    projections = [projection for context in contexts().values() for projection in context.projections]
    try:
        await database.open()
        await check_partitions(database, settings.partitions, may_write=False)
        await require_topics(settings, [topics.events(projection.context) for projection in projections])
        yield [host(projection) for projection in projections]
    finally:
        await redis.aclose()
        await database.close()


@asynccontextmanager
async def audit_hosts(settings: Settings) -> AsyncIterator[Sequence["Host"]]:
    """The audit role. Imported only here: its numbers are no other role's."""
    from infra.audit.composition import audit_hosts as composed

    async with composed(settings) as hosts:
        yield hosts


class Host(Protocol):
    """A role's work in a process: a `LaneHost`, or what is run like one."""

    @property
    def ready(self) -> bool: ...

    @property
    def alive(self) -> bool: ...

    def stop(self) -> None:
        """Ask `run` to end in good order."""
        ...

    async def run(self) -> None: ...


HOSTS: dict[str, Callable[[Settings], AbstractAsyncContextManager[Sequence[Host]]]] = {
    "command": command_hosts,
    "saga": saga_hosts,
    "projection": projection_hosts,
    "audit": audit_hosts,
}
"""The worker roles by name."""
