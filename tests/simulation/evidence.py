"""What a schedule leaves on its servers, as the invariants read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson

from contracts.envelope import rfc3339
from contracts.stated_sequence import stated_sequence
from infra.memory.lane_rows import LaneRow
from infra.memory.read_model_server import checkpoint
from tests.simulation.circle_saga import CHANGE_TIMEOUT_SECONDS, CIRCLE
from tests.simulation.commands import COMMANDS, EVENTS, PARTITIONS, TOPICS
from tests.simulation.counting import CIRCLE_COUNT, TALLY, USER_CARD, Tally
from tests.simulation.expected_read_model import entries_of, folded_documents, folded_sections
from tests.simulation.process import Condition
from tests.simulation.publish_ledger import PublishLedger
from tests.simulation.world import World
from workers.core.projection import Document, Index
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.log import InboundRecord
from workers.ports.outcomes import CommandKey, OutcomeRow
from workers.ports.read_models import START, Checkpoint, Generation
from workers.ports.sagas import InstanceKey, JournalRow, StepRow
from workers.ports.sections import lane_topic, section_value

LIVE = Generation(USER_CARD.name)
SECTION_TOPIC = lane_topic(EVENTS, CIRCLE_COUNT.name)


@dataclass(frozen=True)
class Evidence:
    """Topics by partition (`commands`: also what the broker has lost), the table, the read model. `outcomes` are in
    the order of their commits; `letters` are the positions of the dead letters' originals; `journal` is that of the
    circles; `far_deadlines` wait still, because the database's clock was set back. `shortened` are the partitions in
    which the log of events has lost records, `interrupted` those in which the topic of commands has.
    """

    commands: Sequence[Sequence[InboundRecord]]
    log: Sequence[Sequence[InboundRecord]]
    letters: Sequence[tuple[int, int]]
    replies: Sequence[tuple[str, bytes]]
    events: Sequence[EventRow]
    outcomes: Mapping[CommandKey, OutcomeRow]
    sequences: Sequence[int]
    unique_claims: Mapping[tuple[str, str], str]
    credentials: Mapping[str, str]
    steps: Sequence[tuple[int, StepRow]]
    welcomes: Mapping[str, str]
    tallies: Mapping[str, int]
    circles: Mapping[str, bytes]
    seeds: Mapping[InstanceKey, str | None]
    far_deadlines: frozenset[str]
    journal: Sequence[JournalRow]
    documents: Mapping[str, Document]
    sections: Mapping[tuple[str, int], Document]
    entries: frozenset[tuple[Index, str]]
    ledger: PublishLedger
    unchecked_publishes: Sequence[str]
    shortened: frozenset[int]
    interrupted: frozenset[int]
    bugs: Sequence[str]
    unfinished: str


def unfinished_work(world: World) -> str:
    """What is still to be done; empty: nothing."""
    broker, table = world.servers.broker, world.servers.table
    for slot in world.slots.values():
        if slot.process is None or slot.process.condition is not Condition.running:
            return f"{slot.name} does not run"
    for partition in range(PARTITIONS):
        command = table.lanes.get(LaneKey("command", COMMANDS, partition))
        saga = table.lanes.get(LaneKey("saga", EVENTS, partition))
        if command is None or command.consumed < broker.end(COMMANDS, partition):
            return f"commands are not consumed on lane {partition}"
        if not _is_at_its_last_record(command, _records(world, COMMANDS, partition)):
            return f"lane {partition} has not noticed that its topic has lost its end"
        if command.sequence > max(
            (stated_sequence(record.headers) for record in _records(world, EVENTS, partition)), default=0
        ):
            return f"events are not published on lane {partition}"
        if saga is None or saga.input_sequence < command.sequence:
            return f"sagas have not followed lane {partition}"
        if min(_followed_to(world, topic, partition) for topic in (EVENTS, SECTION_TOPIC)) < command.sequence:
            return f"the read model has not followed lane {partition}"
    if world.lost and not _is_complete(world):
        return "the read model lacks what its store has lost"
    return _waits_for_sagas(world)


def _followed_to(world: World, topic: str, partition: int) -> int:
    """The sequence at which a lane of the read model, or of its section, stands."""
    stored: Checkpoint = world.servers.redis.get(checkpoint(LIVE, topic, partition)) or START
    return stored.sequence


def _is_complete(world: World) -> bool:
    """Whether the read model has all that it should."""
    rows = [row for rows in world.servers.table.events.values() for row in rows]
    wanted = folded_documents(rows)
    if _sections(world) != folded_sections(rows):
        return False
    return _documents(world) == wanted and _entries(world) == entries_of(wanted)


def _waits_for_sagas(world: World) -> str:
    table = world.servers.table
    for (_, partition), steps in table.outbox.items():
        for step in steps:
            if step.command_key not in table.commands:
                return f"saga step {step.position} of lane {partition} has no outcome"
    if any(table.unchanged.values()):
        return f"sagas have not handled acceptances without a change: {table.unchanged}"
    if any(table.refused.values()):
        return f"sagas have not handled rejections: {table.refused}"
    soon = rfc3339(table.now() + timedelta(seconds=2 * CHANGE_TIMEOUT_SECONDS))
    if any(row.due_at < soon for _, row in table.deadlines.values()):
        return f"deadlines have not passed: {sorted(table.deadlines)}"
    return ""


def at_rest(world: World) -> bool:
    """Whether nothing is left to do."""
    return not unfinished_work(world)


def evidence_of(world: World, bugs: Sequence[str]) -> Evidence:
    """The evidence that is there now."""
    table = world.servers.table
    letters = [dict(record.headers) for record in _records(world, TOPICS.dead_letters(COMMANDS), 0)]
    replies = [record for partition in range(PARTITIONS) for record in _records(world, TOPICS.replies, partition)]
    return Evidence(
        commands=[_commands(world, partition) for partition in range(PARTITIONS)],
        log=[_records(world, EVENTS, partition) for partition in range(PARTITIONS)],
        letters=[(int(letter["dlq_partition"]), int(letter["dlq_offset"])) for letter in letters],
        replies=[((reply.key or b"").decode(), reply.value or b"") for reply in replies],
        events=[row for partition in range(PARTITIONS) for row in table.events.get(("users", partition), ())],
        outcomes=table.commands,
        sequences=[_handed_out(world, partition) for partition in range(PARTITIONS)],
        unique_claims={(scope, key): holder for (_, scope, key), holder in table.unique_claims.items()},
        credentials={stream_id: secret for (_, stream_id), secret in table.credentials.items()},
        steps=[(partition, step) for (_, partition), steps in table.outbox.items() for step in steps],
        welcomes={key.instance_id: row.status for key, row in table.sagas.items() if key.saga == "welcome"},
        tallies={
            key.instance_id: Tally.model_validate_json(row.state).seen
            for key, row in table.sagas.items()
            if key.saga == TALLY.name
        },
        circles={key.instance_id: row.state for key, row in table.sagas.items() if key.saga == CIRCLE.name},
        seeds={key: row.seed for key, row in table.sagas.items()},
        far_deadlines=frozenset(name for _, _, name in table.deadlines),
        journal=[row for key, rows in table.journal.items() if key.saga == CIRCLE.name for row in rows],
        documents=_documents(world),
        sections=_sections(world),
        entries=_entries(world),
        ledger=world.network.ledger,
        unchecked_publishes=world.servers.unchecked_publishes,
        shortened=frozenset(world.shortened),
        interrupted=frozenset(world.lost_commands),
        bugs=bugs,
        unfinished="" if world.rested else unfinished_work(world) or "something is still under way",
    )


def _records(world: World, topic: str, partition: int) -> Sequence[InboundRecord]:
    return world.servers.broker.read(topic, partition, 0, 1_000_000)


def _is_at_its_last_record(lane: LaneRow, records: Sequence[InboundRecord]) -> bool:
    """Whether the last record that the lane has handled, if it knows it, is among those of its topic."""
    places = {(record.offset, record.timestamp) for record in records}
    is_known = lane.last_timestamp and lane.last_offset == lane.consumed - 1
    return not is_known or (lane.last_offset, lane.last_timestamp) in places


def _commands(world: World, partition: int) -> Sequence[InboundRecord]:
    """All records that ever were in a partition, in the order in which they came."""
    records = [*_records(world, COMMANDS, partition)]
    for end, lost in reversed(world.lost_commands[partition]):
        records[end:end] = lost
    return records


def _handed_out(world: World, partition: int) -> int:
    lane = world.servers.table.lanes.get(LaneKey("command", COMMANDS, partition))
    return 0 if lane is None else lane.sequence


def _documents(world: World) -> dict[str, Document]:
    values = world.servers.redis.values
    return {key[2]: orjson.loads(value) for key, value in values.items() if key[0] == "document"}


def _sections(world: World) -> dict[tuple[str, int], Document]:
    """The values by document and partition."""
    values: dict[tuple[str, int], Document] = {}
    for key, fields in world.servers.redis.hashes.items():
        for field, stored in fields.items() if key[0] == "sections" else ():
            value = section_value(stored)
            values[key[2], int(field.rpartition(":")[2])] = {} if value is None else value.value or {}
    return values


def _entries(world: World) -> frozenset[tuple[Index, str]]:
    return frozenset(entry for entries in world.servers.redis.indexes.values() for entry in entries)
