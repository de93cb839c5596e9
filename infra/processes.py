"""The composition of the worker processes: which adapters each role's loop speaks to.

Each context manager opens what a role needs, yields the role's `LaneHost`, and closes everything in order.
"""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from contracts.catalogue import catalogue
from contracts.topics import Topics
from infra.kafka.courier import KafkaCourier
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.subscription import KafkaSubscription
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.command.lane import CommandLane, CommandPorts
from workers.domain import contexts
from workers.lanes.host import LaneHost
from workers.lanes.work import LaneWork
from workers.ports.log import Partition

WRITER_CONNECTIONS = 8


def owner_name() -> str:
    """Who holds a lane, for people: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


def database_for(settings: Settings, *, role: str | None, connections: int) -> Database:
    """A pool, not yet open, on the located database."""
    assert settings.database_url is not None, "settings must be located first"
    return Database(settings.database_url.get_secret_value(), role=role, connections=connections)


@asynccontextmanager
async def command_host(settings: Settings) -> AsyncIterator[LaneHost]:
    """The command role: every context's commands."""
    declared, topics, messages = contexts(), Topics(settings.topic_prefix), catalogue()
    database = database_for(settings, role="annals_writer", connections=WRITER_CONNECTIONS)
    log, courier = KafkaEventLog(settings), KafkaCourier(settings)
    ports = CommandPorts(
        PostgresEventStore(database),
        log,
        courier,
        topics,
        settings.partitions,
        owner_name(),
        messages.commands,
        messages.events,
    )

    def work_for(partition: Partition) -> LaneWork:
        context = declared[topics.context_of(partition.topic)]
        return CommandLane(context.name, context.decider, partition.partition, ports)

    subscription = KafkaSubscription(
        settings, group="annals-command", topics=[topics.commands(name) for name in declared]
    )
    await database.open()
    try:
        yield LaneHost("command", subscription, work_for)
    finally:
        await courier.stop()
        await log.stop()
        await database.close()


HOSTS: dict[str, Callable[[Settings], "AsyncIterator[LaneHost]"]] = {}
