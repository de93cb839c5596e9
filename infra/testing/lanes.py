"""The lanes of an installation in memory: those that infra/processes puts together, on the adapters of infra/memory.

There is no consumer group and no thread: whoever drives the lanes hands each one its next records, until nothing is
left to do. So a run is the same every time.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID, uuid5

from contracts.catalogue import catalogue, stored_events
from contracts.topics import Topics
from infra.memory.broker import Broker
from infra.memory.clock import MemoryClock
from infra.memory.event_log import MemoryEventLog
from infra.memory.event_store import MemoryEventStore
from infra.memory.message_sender import MemoryMessageSender
from infra.memory.read_models import MemoryReadModelWriter, ReadModelServer
from infra.memory.saga_store import MemorySagaStore
from infra.memory.table import Table
from infra.memory.wire import ImmediateWire
from workers.command.command_ports import CommandPorts
from workers.command.lane import CommandLane
from workers.core.context import Context
from workers.core.projection import Projection, Section
from workers.lanes.work import LaneWork
from workers.projection.lane import ProjectionLane
from workers.projection.section_lane import SectionLane
from workers.saga.lane import SagaLane
from workers.saga.saga_ports import SagaPorts
from workers.saga.shared_instances import SharedInstances

TOPICS = Topics()
OWNER = "testing"
BATCH_RECORDS = 500
# No secrets are kept in memory: the seeds of instances follow from how many there were before.
SEEDS = UUID("5f0c3a0e-52e0-5b0a-9d0f-0d3c3f9a7a10")
LOOK_SECONDS = 10.0
MAX_TURNS = 10_000
MAX_ROUNDS = 1000


class NeverAtRest(Exception):
    """The lanes go on and on: sagas answer one another without an end, or a lane does not get further."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the installation does not come to rest: {what}")
        self.what = what


class Servers:
    """The three servers in memory. `clock` is the workers' own; `now` is the time of day, which the table tells."""

    def __init__(self, contexts: Mapping[str, Context], partitions: int, now: Callable[[], datetime]) -> None:
        self.clock = MemoryClock()
        self.broker = Broker(lambda: now().timestamp())
        self.table = Table(now)
        self.redis = ReadModelServer()
        for name in catalogue().contexts:
            for topic in (TOPICS.commands(name), TOPICS.events(name)):
                self.broker.create_topic(topic, partitions)
            self.broker.create_topic(TOPICS.dead_letters(TOPICS.commands(name)), 1)
        self.broker.create_topic(TOPICS.replies, partitions)
        self.lanes = [
            Lane(topic, partition, make(partition), self.broker)
            for topic, make in _works(contexts, partitions, self)
            for partition in range(partitions)
        ]

    async def start(self) -> None:
        for lane in self.lanes:
            await lane.start()

    async def settle(self) -> None:
        """Let the lanes work until no record waits and no internal event is due. Raises NeverAtRest, and whatever a
        lane raises by a bug.
        """
        for _ in range(MAX_ROUNDS):
            moved = [await lane.advance() for lane in self.lanes]
            await self._published()
            if not any(moved) and not await self._idle():
                return
        raise NeverAtRest(f"{MAX_ROUNDS} rounds led to further commands each")

    async def _idle(self) -> bool:
        """Whether looking around has led to anything."""
        self.clock.advance(LOOK_SECONDS)
        before = self._progress()
        for lane in self.lanes:
            await lane.work.idle()
        return self._progress() != before

    def _progress(self) -> tuple[object, ...]:
        """What changes whenever a lane does something."""
        ends = [log.end for partitions in self.broker.topics.values() for log in partitions]
        return (*ends, *((key, row.version) for key, row in self.table.sagas.items()), len(self.table.deadlines))

    async def _published(self) -> None:
        """Wait until the log has every event of the table: publishers are tasks of their own."""
        for _ in range(MAX_TURNS):
            behind = [
                (context, partition)
                for (context, partition), rows in self.table.events.items()
                if self.broker.end(TOPICS.events(context), partition) < len(rows)
            ]
            if not behind:
                return
            await asyncio.sleep(0)
        raise NeverAtRest(f"the events of {behind[0][0]}/{behind[0][1]} are not published")

    async def stop(self) -> None:
        for lane in self.lanes:
            await lane.work.release()
            lane.work.abandon()


class Lane:
    """One lane, and the offset of the next record that it gets."""

    def __init__(self, topic: str, partition: int, work: LaneWork, broker: Broker) -> None:
        self.work = work
        self._place = (topic, partition)
        self._broker = broker
        self._offset = 0

    async def start(self) -> None:
        self._offset = await self.work.acquire()

    async def advance(self) -> bool:
        """Hand the lane what has come. False: nothing had."""
        records = self._broker.read(*self._place, self._offset, BATCH_RECORDS)
        if records:
            await self.work.handle(records)
            self._offset = records[-1].offset + 1
        return bool(records)


def _works(
    contexts: Mapping[str, Context], partitions: int, servers: Servers
) -> Iterator[tuple[str, Callable[[int], LaneWork]]]:
    """The topic of every input, and what works on a partition of it."""
    wire, messages, clock = ImmediateWire(), catalogue(), servers.clock
    store, models = MemoryEventStore(servers.table, wire), MemoryReadModelWriter(servers.redis, wire)
    sender = MemoryMessageSender(servers.broker, wire, partitions)
    command_ports = CommandPorts(
        store=store,
        log=MemoryEventLog(servers.broker, wire),
        sender=sender,
        topics=TOPICS,
        partitions=partitions,
        owner=OWNER,
        commands=messages.commands,
        events=stored_events(),
        clock=clock,
    )
    saga_ports = SagaPorts(
        store=MemorySagaStore(servers.table, wire),
        sender=sender,
        topics=TOPICS,
        owner=OWNER,
        events=stored_events(),
        instances=SharedInstances(),
        clock=clock,
        draw_seed=_seeds(),
    )
    for name, context in contexts.items():
        yield TOPICS.commands(name), partial(CommandLane, context, ports=command_ports)
    sagas = [saga for context in contexts.values() for saga in context.sagas]
    for name in sorted({name for saga in sagas for name in saga.contexts}):
        followers = [saga for saga in sagas if name in saga.contexts]
        yield TOPICS.events(name), partial(SagaLane, name, followers, ports=saga_ports)

    def projection_lane(projection: Projection, partition: int) -> LaneWork:
        return ProjectionLane(projection, TOPICS, partition, stored_events(), store, models, clock=clock)

    def section_lane(projection: Projection, section: Section, partition: int) -> LaneWork:
        return SectionLane(projection, section, TOPICS, partition, stored_events(), store, models, clock=clock)

    for projection in [projection for context in contexts.values() for projection in context.projections]:
        yield TOPICS.events(projection.context), partial(projection_lane, projection)
        for section in projection.sections:
            yield TOPICS.events(section.context), partial(section_lane, projection, section)


def _seeds() -> Callable[[], str]:
    drawn = iter(range(2**31))
    return lambda: str(uuid5(SEEDS, str(next(drawn))))
