"""Puts the workers of the simulation together, as infra/processes does, on in-memory adapters."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from random import Random
from typing import NamedTuple
from uuid import UUID

from contracts.catalogue import catalogue, stored_events
from infra.memory.event_store import MemoryEventStore
from infra.memory.message_sender import MemoryMessageSender
from infra.memory.read_models import MemoryReadModelWriter, ReadModelServer
from infra.memory.saga_store import MemorySagaStore
from infra.memory.table import Table
from infra.memory.waiting_lanes import MemoryWaitingLanes
from tests.simulation.commands import COMMANDS, EVENTS, PARTITIONS, TOPICS
from tests.simulation.consumer_groups.broker import BrokerWithGroups
from tests.simulation.consumer_groups.subscription import MemorySubscription
from tests.simulation.counting import USERS
from tests.simulation.network import SimulatedWire
from tests.simulation.publish_monitor import MonitoredEventLog, MonitoredEventStore, PublishMonitor
from workers.command.command_ports import CommandPorts
from workers.command.idle_look import CommandIdleLook
from workers.command.lane import CommandLane
from workers.lanes.host import LaneHost
from workers.ports.clock import Clock
from workers.ports.sections import lane_topic
from workers.projection.idle_look import ProjectionIdleLook
from workers.projection.lane import ProjectionLane
from workers.projection.section_lane import SectionLane
from workers.saga.idle_look import SagaIdleLook
from workers.saga.lane import SagaLane
from workers.saga.saga_ports import SagaPorts
from workers.saga.shared_instances import SharedInstances

SESSION_TIMEOUT_SECONDS = 4.0

# All simulated processes live on one clock. Each goes its own way, as processes of several machines do: if all looked
# at the same moments, there would be fewer different schedules.
_host = partial(LaneHost, rhythm=lambda seconds: seconds)


class Servers:
    """The servers, which survive every worker. `unchecked_publishes`: see publish_monitor."""

    def __init__(self, clock: Clock, now: Callable[[], datetime]) -> None:
        self.broker = BrokerWithGroups(clock)
        self.table = Table(now)
        self.redis = ReadModelServer()
        self.unchecked_publishes: list[str] = []
        for topic in (COMMANDS, EVENTS, TOPICS.replies):
            self.broker.create_topic(topic, PARTITIONS)
        self.broker.create_topic(TOPICS.dead_letters(COMMANDS), 1)


class WorkerEnvironment(NamedTuple):
    """What a worker process has. `producing` is its connection to Kafka for records, which may arrive twice."""

    servers: Servers
    wire: SimulatedWire
    producing: SimulatedWire
    clock: Clock
    member: str


def host_for(role: str, environment: WorkerEnvironment) -> LaneHost:
    """A new host with adapters of its own."""
    match role:
        case "command":
            return _command_host(environment)
        case "saga":
            return _saga_host(environment)
        case "section":
            return _section_host(environment)
        case _:
            return _projection_host(environment)


def _subscription(environment: WorkerEnvironment, group: str, topic: str) -> MemorySubscription:
    return MemorySubscription(
        environment.servers.broker,
        environment.wire,
        group=group,
        topics=[topic],
        clock=environment.clock,
        session_timeout_seconds=SESSION_TIMEOUT_SECONDS,
        member=environment.member,
    )


def _command_host(environment: WorkerEnvironment) -> LaneHost:
    messages = catalogue()
    monitor = PublishMonitor(environment.clock, environment.member, environment.servers.unchecked_publishes)
    ports = CommandPorts(
        store=MonitoredEventStore(environment.servers.table, environment.wire, monitor),
        log=MonitoredEventLog(environment.servers.broker, environment.producing, monitor),
        sender=MemoryMessageSender(environment.servers.broker, environment.producing, PARTITIONS),
        topics=TOPICS,
        partitions=PARTITIONS,
        owner=environment.member,
        commands=messages.commands,
        events=messages.stored_events(),
        clock=environment.clock,
    )
    return _host(
        "command",
        _subscription(environment, "annals-command", COMMANDS),
        lambda partition: CommandLane(USERS, partition.partition, ports),
        environment.clock,
        PARTITIONS,
        CommandIdleLook(ports.log, [TOPICS.replies, EVENTS]),
    )


def _seeds(member: str) -> Callable[[], str]:
    """Secrets of a simulated process: the same in each run of a schedule."""
    chance = Random(f"{member} seeds")
    return lambda: str(UUID(int=chance.getrandbits(128), version=4))


def _saga_host(environment: WorkerEnvironment) -> LaneHost:
    ports = SagaPorts(
        store=MemorySagaStore(environment.servers.table, environment.wire),
        sender=MemoryMessageSender(environment.servers.broker, environment.producing, PARTITIONS),
        topics=TOPICS,
        owner=environment.member,
        events=stored_events(),
        instances=SharedInstances(),
        clock=environment.clock,
        draw_seed=_seeds(environment.member),
    )
    return _host(
        "saga",
        _subscription(environment, "annals-saga", EVENTS),
        lambda partition: SagaLane("users", USERS.sagas, partition.partition, ports),
        environment.clock,
        PARTITIONS,
        SagaIdleLook(
            MemoryWaitingLanes(environment.servers.table, environment.wire), [saga.name for saga in USERS.sagas]
        ),
    )


def _projection_host(environment: WorkerEnvironment) -> LaneHost:
    (projection,) = USERS.projections
    table = MemoryEventStore(environment.servers.table, environment.wire)
    store = MemoryReadModelWriter(environment.servers.redis, environment.wire)
    events = stored_events()
    return _host(
        "projection",
        _subscription(environment, "annals-projection-users", EVENTS),
        lambda partition: ProjectionLane(
            projection, TOPICS, partition.partition, events, table, store, clock=environment.clock
        ),
        environment.clock,
        PARTITIONS,
        ProjectionIdleLook(
            projection.name,
            "users",
            EVENTS,
            store,
            MemoryWaitingLanes(environment.servers.table, environment.wire),
            environment.clock,
        ),
    )


def _section_host(environment: WorkerEnvironment) -> LaneHost:
    (projection,) = USERS.projections
    (section,) = projection.sections
    table = MemoryEventStore(environment.servers.table, environment.wire)
    store = MemoryReadModelWriter(environment.servers.redis, environment.wire)
    events = stored_events()
    return _host(
        "projection",
        _subscription(environment, "annals-projection-users-circle", EVENTS),
        lambda partition: SectionLane(
            projection, section, TOPICS, partition.partition, events, table, store, clock=environment.clock
        ),
        environment.clock,
        PARTITIONS,
        ProjectionIdleLook(
            projection.name,
            "users",
            lane_topic(EVENTS, section.name),
            store,
            MemoryWaitingLanes(environment.servers.table, environment.wire),
            environment.clock,
        ),
    )
