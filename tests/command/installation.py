"""An installation in memory: the table, the log, the sender, and command lanes on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.catalogue import catalogue
from contracts.envelope import CommandEnvelope
from contracts.identity import IdentitySource
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.topics import Topics
from tests.command.table import TableInMemory
from tests.lanes.in_memory import Journal, LogInMemory, MessageSenderInMemory, sequence_of
from workers.command.command_ports import CommandPorts
from workers.command.lane import CommandLane
from workers.command.snapshots import SNAPSHOT_INTERVAL_EVENTS
from workers.core.context import Context
from workers.core.decider import Decider
from workers.domain import contexts
from workers.domain.users.access import access as users_access
from workers.ports.lanes import LaneKey
from workers.ports.log import InboundRecord, OutboundRecord

TOPICS = Topics()
COMMANDS, EVENTS = TOPICS.commands("users"), TOPICS.events("users")
LANE = LaneKey("command", COMMANDS, 0)
REPLY_TO = f"{TOPICS.replies}:0"


def command_id(number: int) -> str:
    """The id of a test's n-th command."""
    return f"0198c0de-0000-7000-8000-{number:012d}"


def record(
    command: Command,
    number: int,
    *,
    offset: int | None = None,
    expected_version: int | None = None,
    expires_at: datetime | None = None,
    reply_to: str | None = REPLY_TO,
    value: bytes | None = None,
) -> InboundRecord:
    """A command as it lies in its topic, at the offset `number` unless the test says otherwise."""
    envelope = CommandEnvelope(
        id=command_id(number),
        type=command.type,
        source="/tests",
        subject=command.stream_id,
        time="2026-01-01T00:00:00Z",
        correlation_id=f"correlation {number}",
        causation_id=f"causation {number}",
        actor="tester",
        reply_to=reply_to,
        expected_version=expected_version,
        expires_at=expires_at,
    )
    body = command.to_json() if value is None else value
    place = number if offset is None else offset
    return InboundRecord(COMMANDS, 0, place, command.stream_id.encode(), body, envelope.to_headers(), 0)


class Installation:
    """Everything that outlives a worker, and the journal of what was done to it.

    `elapsed_seconds` is the workers' time.
    """

    def __init__(
        self,
        decider: Decider[Any] | None = None,
        partitions: int = 1,
        snapshot_interval_events: int = SNAPSHOT_INTERVAL_EVENTS,
        identities: IdentitySource | None = None,
        newer_types: frozenset[str] = frozenset(),
    ) -> None:
        self.identities = identities
        self.newer_types = newer_types
        self.journal: Journal = []
        self.table = TableInMemory(self.journal)
        self.log = LogInMemory(self.journal)
        self.sender = MessageSenderInMemory(self.journal)
        self.decider = decider or contexts()["users"].decider
        self.partitions = partitions
        self.log.default_partitions = partitions
        self.snapshot_interval_events = snapshot_interval_events
        self.elapsed_seconds = 0.0

    def lane(self) -> CommandLane:
        """A lane as a process that has just started has it."""
        messages = catalogue()
        ports = CommandPorts(
            store=self.table,
            log=self.log,
            sender=self.sender,
            topics=TOPICS,
            partitions=self.partitions,
            owner="tester",
            commands=messages.commands,
            events=messages.stored_events(),
            snapshot_interval_events=self.snapshot_interval_events,
            identities=self.identities,
            clock=lambda: self.elapsed_seconds,
            newer_types=lambda: self.newer_types,
        )
        return CommandLane(Context("users", self.decider, access=users_access), 0, ports)

    async def handle(self, *batches: Sequence[InboundRecord]) -> None:
        """Take the lane, handle the batches and leave."""
        lane = self.lane()
        await lane.acquire()
        for batch in batches:
            await lane.handle(batch)
        await lane.release()
        lane.abandon()

    @property
    def published(self) -> list[OutboundRecord]:
        """The lane's partition of the log."""
        return self.log.partitions.setdefault((EVENTS, 0), [])

    @property
    def published_sequences(self) -> list[int]:
        return [sequence_of(record) for record in self.published]

    @property
    def replies(self) -> list[tuple[str, bytes]]:
        """Command id and outcome of each reply, in order."""
        return [((reply.key or b"").decode(), reply.value or b"") for _, _, reply in self.sender.posted]

    @property
    def dead_letters(self) -> list[OutboundRecord]:
        topic = TOPICS.dead_letters(COMMANDS)
        return [message for delivered, _, message in self.sender.delivered if delivered == topic]

    def outcome(self, number: int) -> Outcome:
        """The stored outcome of the n-th command."""
        return Outcome.model_validate_json(self.table.handled[command_id(number)].outcome)
