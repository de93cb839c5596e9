"""Questions of a verification about saga lanes, instances, journals, steps, deadlines and answers to steps.

The order of texts is Python's.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

from contracts.envelope import rfc3339
from infra.memory.saga_rows import Place
from infra.memory.step_answers import answers_step
from infra.memory.table import Table
from workers.ports.event_store import EventRow
from workers.ports.sagas import InstanceKey, JournalRow, StepRow, StoredInstance
from workers.ports.verification.rows import (
    EventApplied,
    JournalEntry,
    ListedSagaInstance,
    OutboxStep,
    OverdueAnswer,
    OverdueDeadline,
    ParkedInLane,
    SagaBeginning,
    SagaInstance,
    SagaLanePosition,
    StepOutcome,
    StoredDeadline,
    StrayAnswer,
    StrayDeadline,
)

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def saga_lane_positions(table: Table, topic: str) -> Sequence[SagaLanePosition]:
    """The lanes of sagas that read this topic, by partition."""
    lanes = sorted(lane for lane in table.lanes if (lane.role, lane.topic) == ("saga", topic))
    rows = [(lane.partition, table.lanes[lane]) for lane in lanes]
    return [SagaLanePosition(partition, row.input_sequence, row.sequence) for partition, row in rows]


def saga_beginnings(table: Table, topic: str) -> Sequence[SagaBeginning]:
    """From where on the sagas follow the events of this topic."""
    return [
        SagaBeginning(lane.partition, following, sequence)
        for (lane, following), sequence in table.beginnings.items()
        if lane.topic == topic
    ]


def streams_parked_by_sagas(table: Table, topic: str) -> Sequence[ParkedInLane]:
    """The parked streams of this topic, the oldest first."""
    parked = [
        ParkedInLane(partition, stream)
        for (name, partition), streams in table.parked_streams.items()
        if name == topic
        for stream in streams.values()
    ]
    return sorted(parked, key=lambda row: (row.stream.recorded_at, row.partition, *row.stream[:2]))


def instances_after(table: Table, saga: str, instance_id: str, limit: int) -> Sequence[ListedSagaInstance]:
    """The next instances of a saga: those that are stored and those that have a journal."""
    journalled = {key for key, entries in table.journal.items() if entries}
    keys = sorted(key for key in table.sagas.keys() | journalled if key.saga == saga and key.instance_id > instance_id)
    return [ListedSagaInstance(key.instance_id, _instance(table, key)) for key in keys[:limit]]


def _instance(table: Table, key: InstanceKey) -> SagaInstance | None:
    row = table.sagas.get(key)
    if row is None:
        return None
    started_at = table.started_at.get(key, LONG_AGO)
    return SagaInstance(row.version, row.status, row.state, row.correlation_id, started_at, row.seed)


def journals(table: Table, saga: str, instance_ids: Sequence[str]) -> Sequence[JournalEntry]:
    """The journals of these instances, in order."""
    keys = sorted({InstanceKey(saga, instance_id) for instance_id in instance_ids})
    entries = [entry for key in keys for entry in sorted(table.journal.get(key, ()), key=_version)]
    return [JournalEntry(entry, _applied_at(table, entry), _event_of(table, entry)) for entry in entries]


def _version(entry: JournalRow) -> int:
    return entry.version


def _applied_at(table: Table, entry: JournalRow) -> datetime:
    return table.applied_at.get((entry.saga, entry.instance_id, entry.version), LONG_AGO)


def _event_of(table: Table, entry: JournalRow) -> EventRow | None:
    if not entry.sequence:
        return None
    rows = table.events_after(entry.context, entry.partition, entry.sequence - 1, 1)
    return rows[0] if rows and rows[0].sequence == entry.sequence else None


def event_coverage(
    table: Table, keys: Sequence[InstanceKey], context: str, partition: int, first: int, last: int
) -> Sequence[EventApplied]:
    """How often each event of this stretch of a lane stands in the journals of these instances."""
    times: dict[tuple[str, str, str], int] = {}
    for key in dict.fromkeys(keys):
        for entry in table.journal.get(key, ()):
            if (entry.context, entry.partition) == (context, partition) and first <= entry.sequence <= last:
                event = (*key, entry.event_id)
                times[event] = times.get(event, 0) + 1
    return [EventApplied(*event, count) for event, count in times.items()]


def unknown_instances(table: Table, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
    """Those of these instances that are not stored and have no journal."""
    return {key for key in keys if not _is_known(table, key)}


def _is_known(table: Table, key: InstanceKey) -> bool:
    return key in table.sagas or bool(table.journal.get(key))


def instances_older_than_journal(table: Table, keys: Sequence[InstanceKey]) -> AbstractSet[InstanceKey]:
    """Those that began before the first entry of their journal was written, or have version 0 and no such entry."""
    return {key for key in keys if key in table.sagas and _is_older(table, key)}


def _is_older(table: Table, key: InstanceKey) -> bool:
    first = next((entry for entry in table.journal.get(key, ()) if entry.version == 1), None)
    if first is None:
        return table.sagas[key].version == 0
    return table.started_at.get(key, LONG_AGO) < _applied_at(table, first)


def steps_of(table: Table, saga: str, instance_ids: Sequence[str]) -> Sequence[OutboxStep]:
    """The steps of these instances, in order."""
    wanted = set(instance_ids)
    steps = [
        _outbox_step(table, place, step)
        for place, rows in table.outbox.items()
        for step in rows
        if step.saga == saga and step.instance_id in wanted
    ]
    return sorted(steps, key=lambda step: (step.row.instance_id, step.topic, step.partition, step.row.position))


def outbox_ends(table: Table, topic: str) -> Mapping[int, int]:
    """The highest position of the steps of each lane of sagas that reads a topic."""
    lanes = ((partition, rows) for (owner, partition), rows in table.outbox.items() if owner == topic)
    return {partition: max(row.position for row in rows) for partition, rows in lanes if rows}


def _outbox_step(table: Table, place: Place, step: StepRow) -> OutboxStep:
    waits = step.position in table.refused.get(place, {}) or step.position in table.unchanged.get(place, {})
    handled = table.commands.get(step.command_key)
    if handled is None or not answers_step(handled, step):
        return OutboxStep(*place, step, None, None, None, waits, unchanged=False)
    code, handled_at = handled.error_code or handled.status, rfc3339(handled.handled_at)
    return OutboxStep(*place, step, handled.status, code, handled_at, waits, handled.is_unchanged)


def step_outcomes(table: Table, topic: str, partition: int, positions: Sequence[int]) -> Sequence[StepOutcome]:
    """The outcomes of the steps at these positions of a lane's outbox."""
    wanted = set(positions)
    return [_step_outcome(table, step) for step in table.outbox.get((topic, partition), ()) if step.position in wanted]


def _step_outcome(table: Table, step: StepRow) -> StepOutcome:
    handled = table.commands.get(step.command_key)
    if handled is None:
        return StepOutcome(step.command_id, None, id_used_by_another=False)
    if not answers_step(handled, step):
        return StepOutcome(step.command_id, None, id_used_by_another=True)
    return StepOutcome(step.command_id, handled.status, id_used_by_another=False)


def deadlines_of(table: Table, saga: str, instance_ids: Sequence[str]) -> Sequence[StoredDeadline]:
    """The deadlines that wait for these instances, in order."""
    wanted = set(instance_ids)
    rows = [
        StoredDeadline(*place, row)
        for place, row in table.deadlines.values()
        if row.saga == saga and row.instance_id in wanted
    ]
    return sorted(rows, key=lambda stored: stored.row[:3])


def deadlines_overdue(
    table: Table, topic: str, partition: int, seconds: float, limit: int
) -> Sequence[OverdueDeadline]:
    """The deadlines of a lane that were due longer ago, the oldest first."""
    latest = rfc3339(table.now() - timedelta(seconds=seconds))
    rows = [row for place, row in table.deadlines.values() if place == (topic, partition) and row.due_at < latest]
    overdue = [OverdueDeadline(row.saga, row.instance_id, row.name, row.due_at) for row in rows]
    return sorted(overdue, key=lambda row: row.due_at)[:limit]


def answers_overdue(table: Table, topic: str, partition: int, seconds: float, limit: int) -> Sequence[OverdueAnswer]:
    """The answers to a lane's steps that have waited longer, in the order of the steps."""
    latest, place = rfc3339(table.now() - timedelta(seconds=seconds)), (topic, partition)
    steps = {step.position: step for step in table.outbox.get(place, ())}
    return [
        OverdueAnswer(steps[position].saga, steps[position].instance_id, steps[position].step, code, handled_at)
        for position, code, handled_at in _answers(table, place)
        if position in steps and handled_at < latest
    ][:limit]


def _answers(table: Table, place: Place) -> list[tuple[int, str | None, str]]:
    """The answers that wait in a lane: position, code and time, in the order of positions."""
    rejections = [(position, code, at) for position, (code, at) in table.refused.get(place, {}).items()]
    unchanged = [(position, None, at) for position, at in table.unchanged.get(place, {}).items()]
    return sorted([*rejections, *unchanged], key=lambda answer: answer[0])


def stray_answers(table: Table, after: StrayAnswer | None, limit: int) -> Sequence[StrayAnswer]:
    """The next answers to steps that are not there."""
    strays = [stray for stray in _all_stray_answers(table) if after is None or stray[:3] > after[:3]]
    return sorted(strays, key=lambda stray: stray[:3])[:limit]


def _all_stray_answers(table: Table) -> Iterator[StrayAnswer]:
    for place in table.refused.keys() | table.unchanged.keys():
        steps = {step.position for step in table.outbox.get(place, ())}
        for position, code, _ in _answers(table, place):
            if position not in steps:
                yield StrayAnswer(*place, position, code)


def stray_deadlines(table: Table, after: StrayDeadline | None, limit: int) -> Sequence[StrayDeadline]:
    """The next deadlines of instances that are not there."""
    names = (StrayDeadline(*name) for name in table.deadlines if not _is_known(table, InstanceKey(*name[:2])))
    return sorted(name for name in names if after is None or name > after)[:limit]


def stored_instances(table: Table, keys: Sequence[InstanceKey]) -> dict[InstanceKey, StoredInstance]:
    """Those of these instances that are stored."""
    stored = {key: table.sagas[key] for key in keys if key in table.sagas}
    return {key: StoredInstance(row.version, row.state, row.seed) for key, row in stored.items()}
