"""How the workers of the simulation are put together: as infra.processes does it, on twins."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from contracts.catalogue import catalogue
from infra.memory.event_store import MemoryEventStore
from infra.memory.message_sender import MemoryMessageSender
from infra.memory.read_models import MemoryReadModelWriter, ReadModelServer
from infra.memory.saga_store import MemorySagaStore
from infra.memory.table import Table
from tests.simulation.commands import COMMANDS, EVENTS, PARTITIONS, TOPICS
from tests.simulation.consumer_groups.broker import BrokerWithGroups
from tests.simulation.consumer_groups.subscription import MemorySubscription
from tests.simulation.network import SimulatedWire
from tests.simulation.observed import Watched, WatchedEventLog, WatchedEventStore
from tests.simulation.tally import USERS
from workers.command.lane import CommandLane, CommandPorts
from workers.lanes.host import LaneHost
from workers.ports.clock import Clock
from workers.projection.lane import ProjectionLane
from workers.saga.lane import SagaLane, SagaPorts

SESSION_TIMEOUT_SECONDS = 4.0


class Servers:
    """What survives every worker; and what was seen of publishers who did not ask (`observed`)."""

    def __init__(self, clock: Clock, now: Callable[[], datetime]) -> None:
        self.broker = BrokerWithGroups(clock)
        self.table = Table(now)
        self.redis = ReadModelServer()
        self.unasked: list[str] = []
        for topic in (COMMANDS, EVENTS, TOPICS.replies):
            self.broker.create_topic(topic, PARTITIONS)
        self.broker.create_topic(TOPICS.dead_letters(COMMANDS), 1)


class Place(NamedTuple):
    """Where a worker runs. `producing` is its way to Kafka for records, which may arrive twice."""

    servers: Servers
    wire: SimulatedWire
    producing: SimulatedWire
    clock: Clock
    member: str


def host_for(role: str, place: Place) -> LaneHost:
    """A new host with new adapters, as a new process has them."""
    match role:
        case "command":
            return _command_host(place)
        case "saga":
            return _saga_host(place)
        case _:
            return _projection_host(place)


def _subscription(place: Place, group: str, topic: str) -> MemorySubscription:
    return MemorySubscription(
        place.servers.broker,
        place.wire,
        group=group,
        topics=[topic],
        clock=place.clock,
        session_timeout_seconds=SESSION_TIMEOUT_SECONDS,
        member=place.member,
    )


def _command_host(place: Place) -> LaneHost:
    messages = catalogue()
    watched = Watched(place.clock, place.member, place.servers.unasked)
    ports = CommandPorts(
        store=WatchedEventStore(place.servers.table, place.wire, watched),
        log=WatchedEventLog(place.servers.broker, place.producing, watched),
        sender=MemoryMessageSender(place.servers.broker, place.producing, PARTITIONS),
        topics=TOPICS,
        partitions=PARTITIONS,
        owner=place.member,
        commands=messages.commands,
        events=messages.events,
        clock=place.clock,
    )
    return LaneHost(
        "command",
        _subscription(place, "annals-command", COMMANDS),
        lambda partition: CommandLane("users", USERS.decider, partition.partition, ports),
        place.clock,
        PARTITIONS,
    )


def _saga_host(place: Place) -> LaneHost:
    ports = SagaPorts(
        store=MemorySagaStore(place.servers.table, place.wire),
        sender=MemoryMessageSender(place.servers.broker, place.producing, PARTITIONS),
        topics=TOPICS,
        owner=place.member,
        events=catalogue().events,
        clock=place.clock,
    )
    return LaneHost(
        "saga",
        _subscription(place, "annals-saga", EVENTS),
        lambda partition: SagaLane("users", USERS.sagas, partition.partition, ports),
        place.clock,
        PARTITIONS,
    )


def _projection_host(place: Place) -> LaneHost:
    (projection,) = USERS.projections
    table = MemoryEventStore(place.servers.table, place.wire)
    store = MemoryReadModelWriter(place.servers.redis, place.wire)
    events = catalogue().events
    return LaneHost(
        "projection",
        _subscription(place, "annals-projection-users", EVENTS),
        lambda partition: ProjectionLane(
            projection, TOPICS, partition.partition, events, table, store, clock=place.clock
        ),
        place.clock,
        PARTITIONS,
    )
