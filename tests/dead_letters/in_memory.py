"""An installation of users in memory: an operator's desk, and a command worker that works while the operator waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from contracts.catalogue import catalogue
from contracts.envelope import read_command
from contracts.identity import FixedIdentities, Identities
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from contracts.topics import Topics
from infra.memory.broker import Broker
from infra.memory.clock import MemoryClock
from infra.memory.dead_letters import MemoryDeadLetterTable
from infra.memory.event_log import MemoryEventLog
from infra.memory.event_store import MemoryEventStore
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.message_sender import MemoryMessageSender
from infra.memory.table import Table
from infra.memory.verification.topics import MemoryTopicReader
from infra.memory.wire import DirectWire
from tests.command.installation import record
from workers.command.command_ports import CommandPorts
from workers.command.lane import CommandLane
from workers.command.snapshots import SNAPSHOT_INTERVAL_EVENTS
from workers.core.context import Context
from workers.core.decider import Decider, Decision, Rejection
from workers.domain import contexts
from workers.domain.users.access import access as users_access
from workers.operations.dead_letters.choosing import LetterFilters
from workers.operations.dead_letters.open_letters import OpenLetters
from workers.operations.dead_letters.reading import DeadLetters, LetterStatus
from workers.operations.dead_letters.retrying import Retrying
from workers.operations.interventions import Operator
from workers.ports.interventions import Reason
from workers.ports.log import OutboundRecord

TOPICS = Topics()
COMMANDS, EVENTS = TOPICS.commands("users"), TOPICS.events("users")
LETTERS = TOPICS.dead_letters(COMMANDS)
BEGINNING = datetime(2026, 1, 1, 12, tzinfo=UTC)


class WorkingClock(MemoryClock):
    """Its time goes on while its caller waits, and meanwhile the worker works."""

    def __init__(self, desk: "DeskInMemory") -> None:
        super().__init__()
        self._desk = desk

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        if self._desk.worker_runs:
            await self._desk.work()


class DeskInMemory:
    """`is_broken`: deciding raises. `worker_runs`: the worker works while the operator waits for outcomes. With
    `identities` commands are decided by the rules.
    """

    def __init__(self, identities: Identities | None = None) -> None:
        self.identities = None if identities is None else FixedIdentities(identities)
        self.is_broken = False
        self.worker_runs = True
        self.clock = WorkingClock(self)
        self.wire = DirectWire()
        self.broker = Broker(self.clock)
        for topic in (COMMANDS, EVENTS, LETTERS, TOPICS.replies):
            self.broker.create_topic(topic, 1)
        self.table = Table(self.now)
        self.rows = InterventionRows(self.now)
        self.store = MemoryEventStore(self.table, self.wire)
        self.log = MemoryTopicReader(self.broker, self.wire)
        self.sender = MemoryMessageSender(self.broker, self.wire, 1)
        self.interventions = MemoryInterventions(self.rows, self.wire)
        self._letter_table = MemoryDeadLetterTable(self.table, self.rows, self.wire)
        self._sound = contexts()["users"].decider
        self.decider = Decider(self._sound.initial, self._decide, self._sound.evolve)

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.clock())

    def _decide(self, state: Any, command: Command) -> Decision | Rejection:
        if self.is_broken:
            raise ZeroDivisionError
        return self._sound.decide(state, command)

    async def work(self) -> None:
        """Handle what is in the topic of commands."""
        messages = catalogue()
        log = MemoryEventLog(self.broker, self.wire)
        ports = CommandPorts(
            store=self.store,
            log=log,
            sender=self.sender,
            topics=TOPICS,
            partitions=1,
            owner="worker",
            commands=messages.commands,
            events=messages.stored_events(),
            snapshot_interval_events=SNAPSHOT_INTERVAL_EVENTS,
            identities=self.identities,
            clock=self.clock,
        )
        lane = CommandLane(Context("users", self.decider, access=users_access), 0, ports)
        offset = await lane.acquire()
        if records := self.broker.read(COMMANDS, 0, offset, 100):
            await lane.handle(records)
        await lane.release()

    async def send(
        self, command: Command, number: int, value: bytes | None = None, sender: Principal | None = None
    ) -> None:
        """Put a command into its topic, and let the worker handle it."""
        sent = record(command, number, value=value)
        if sender is not None:
            identities = await cast(FixedIdentities, self.identities).current()
            envelope = identities.signed(sender, read_command(sent.headers, sent.key), sent.value or b"")
            sent = sent._replace(headers=envelope.to_headers())
        self.broker.append(COMMANDS, 0, [OutboundRecord(sent.key, sent.value, sent.headers)])
        await self.work()

    async def failed(self, command: Command, number: int, sender: Principal | None = None) -> LetterStatus:
        """Have a command fail by a bug, and fix the bug; returns the letter."""
        self.is_broken = True
        await self.send(command, number, sender=sender)
        self.is_broken = False
        return (await self.letters())[-1]

    async def letters(self, filters: LetterFilters | None = None) -> list[LetterStatus]:
        """All letters, or those that match, in whatever state."""
        batches = self.dead_letters().matching(COMMANDS, filters or LetterFilters(), None)
        return [status async for batch in batches for status in batch]

    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.log, self.interventions, [COMMANDS])

    def open_letters(self) -> OpenLetters:
        return OpenLetters(self.log, self._letter_table, self.interventions, [COMMANDS])

    def retrying(self) -> Retrying:
        users = {"users": replace(contexts()["users"], decider=self.decider)}
        return Retrying(
            self.store, self._letter_table, self.sender, self.clock, TOPICS, users, catalogue(), self.identities
        )

    def operator(self, name: str = "ada") -> Operator:
        return Operator(self.interventions, name, Reason("the bug is fixed"))

    def outcome(self, command_id: str) -> Outcome:
        """The stored outcome."""
        (row,) = [row for key, row in self.table.commands.items() if key.command_id == command_id]
        return Outcome.model_validate_json(row.outcome)

    @property
    def sent(self) -> int:
        """How many records the topic of commands has."""
        return self.broker.end(COMMANDS, 0)
