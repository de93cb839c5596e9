"""The sagas' part of the table: instances, journals, deadlines, the outbox, parked streams. Plain state.

What `annals.commit_sagas` does with a batch, `commit_sagas` does; what the triggers on outcomes do, `tell_sagas` does.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from contracts.envelope import rfc3339
from infra.memory.lane_rows import LaneRows
from infra.memory.logged_events import require_stored
from infra.memory.step_answers import answers_step, step_address, step_cause
from infra.memory.values import MAX_BIGINT, ConstraintBroken, as_jsonb, check_lists, check_number, identifier
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey, LaneSetBack, Mark
from workers.ports.outcomes import OutcomeRow
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    Following,
    InstanceConflict,
    InstanceKey,
    InstanceRow,
    JournalRow,
    SagaBatch,
    StepRejection,
    StepRow,
    StoredInstance,
    UnchangedStep,
)

Place = tuple[str, int]
"""Topic and partition of a saga lane."""


class SagaRows(LaneRows):
    """The rows, by their keys.

    `events` are those of a (context, partition) by sequence. `sagas` are the instances, `started_at` when each began,
    `journal` the entries of each, and `applied_at` when an entry (saga, instance id, version) was written. `outbox` are
    the steps of a lane in the order of positions. `deadlines` (by saga, instance id and name) each stand with the lane
    that has set them. Of a lane by the position of a step: `refused` are the code and the time of a rejection,
    `unchanged` the time of an acceptance without a change. `parked_streams` and `requested` of a lane are by saga and
    stream id. `beginnings`: behind which sequence of a lane a saga began to follow a type of event.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.events: dict[tuple[str, int], list[EventRow]] = {}
        self.sagas: dict[InstanceKey, InstanceRow] = {}
        self.started_at: dict[InstanceKey, datetime] = {}
        self.journal: dict[InstanceKey, list[JournalRow]] = {}
        self.applied_at: dict[tuple[str, str, int], datetime] = {}
        self.deadlines: dict[tuple[str, str, str], tuple[Place, DeadlineRow]] = {}
        self.refused: dict[Place, dict[int, tuple[str, str]]] = {}
        self.unchanged: dict[Place, dict[int, str]] = {}
        self._waiting_steps: dict[str, tuple[Place, StepRow]] = {}
        self.outbox: dict[Place, list[StepRow]] = {}
        self.parked_streams: dict[Place, dict[tuple[str, str], ParkedStream]] = {}
        self.requested: dict[Place, dict[tuple[str, str], ParkedStreamRequest]] = {}
        self.beginnings: dict[tuple[LaneKey, Following], int] = {}

    def begin_sagas(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        check_lists(followings)
        if self.holds(lane, epoch):
            for following in followings:
                self.beginnings.setdefault((lane, following), self.lanes[lane].input_sequence)

    def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        check_lists(keys)
        rows = {key: self.sagas[key] for key in keys if key in self.sagas}
        return {key: StoredInstance(row.version, row.state, row.seed) for key, row in rows.items()}

    def due(self, lane: LaneKey, sagas: Sequence[str], now: str, limit: int) -> DueInternalEvents:
        place = (lane.topic, lane.partition)
        waiting = [row for where, row in self.deadlines.values() if where == place and row.saga in sagas]
        passed = [row for row in waiting if row.due_at <= now]
        steps = {row.position: row for row in self.outbox.get(place, ()) if row.saga in sagas}
        rejections = [
            StepRejection(
                position,
                *step_address(steps[position]),
                code,
                at,
                *step_cause(steps[position]),
                steps[position].causation_id,
            )
            for position, (code, at) in sorted(self.refused.get(place, {}).items())
            if position in steps
        ]
        unchanged = [
            UnchangedStep(position, *step_address(steps[position]), at, *step_cause(steps[position]))
            for position, at in sorted(self.unchanged.get(place, {}).items())
            if position in steps
        ]
        return DueInternalEvents(
            now, sorted(passed, key=lambda row: row.due_at)[:limit], rejections[:limit], unchanged[:limit]
        )

    def tell_sagas(self, outcomes: Iterable[OutcomeRow]) -> None:
        """Note those outcomes that are no events, for the instances that handle such answers to their steps."""
        for row in outcomes:
            if row.command_id not in self._waiting_steps:
                continue
            place, step = self._waiting_steps[row.command_id]
            at = rfc3339(row.handled_at)
            if not answers_step(row, step):
                continue
            if row.status != "accepted":
                rejection = (row.error_code or row.status, at)
                self.refused.setdefault(place, {}).setdefault(step.position, rejection)
            elif row.is_unchanged:
                self.unchanged.setdefault(place, {}).setdefault(step.position, at)

    def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        rows = self.outbox.get((lane.topic, lane.partition), [])
        begin = bisect_right(rows, position, key=_position)
        return rows[begin : begin + limit]

    def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        waiting = self.parked_streams.get((lane.topic, lane.partition), {})
        return [waiting[key] for key in sorted(waiting)]

    def parked_requests(self, lane: LaneKey) -> Sequence[ParkedStreamRequest]:
        requested = self.requested.get((lane.topic, lane.partition), {})
        return [requested[key] for key in sorted(requested)]

    def request(self, lane: LaneKey, saga: str, stream_id: str, action: Literal["retry", "skip"]) -> None:
        """Write an operator's request. Nothing happens when the stream is not parked."""
        place, key = (lane.topic, lane.partition), (saga, stream_id)
        if key in self.parked_streams.get(place, {}):
            self.requested.setdefault(place, {})[key] = ParkedStreamRequest(saga, stream_id, action)

    def commit_sagas(self, batch: SagaBatch) -> None:
        """Raises Fenced, EventsNotStored, LaneSetBack, InstanceConflict, Unstorable or LaneLocked; ConstraintBroken for
        what no lane may write.
        """
        for rows in (batch.instances, batch.steps, batch.parked, batch.unparked, batch.journal, batch.deadlines):
            check_lists(rows)
        lane = self.fence(batch.lane._replace(role="saga"), batch.epoch)
        require_stored(self.events, batch)
        place = (batch.lane.topic, batch.lane.partition)
        instances = self._new_instances(batch.instances)
        if not all(map(self._waits, batch.passed_deadlines)):
            raise InstanceConflict
        journal = self._new_journal(batch.journal)
        steps = self._new_steps(place, batch.steps)
        lane.consumed, lane.sequence, lane.input_sequence = batch.consumed, batch.position, batch.input_sequence
        lane.mark = Mark(batch.published, lane.mark.offset)
        self._write_instances(instances, journal)
        self._write_deadlines(place, batch)
        for position in batch.answered_steps:
            self.refused.get(place, {}).pop(position, None)
            self.unchanged.get(place, {}).pop(position, None)
        self._write_steps(place, steps)
        self._park(place, batch)

    def _write_instances(
        self, instances: Mapping[InstanceKey, InstanceRow], journal: Mapping[InstanceKey, Sequence[JournalRow]]
    ) -> None:
        now = self.now()
        for key in instances:
            self.started_at.setdefault(key, now)
        self.sagas |= instances
        for key, entries in journal.items():
            self.journal.setdefault(key, []).extend(entries)
            self.applied_at.update(((*key, entry.version), now) for entry in entries)

    def _write_deadlines(self, place: Place, batch: SagaBatch) -> None:
        for row in batch.passed_deadlines:
            del self.deadlines[row.saga, row.instance_id, row.name]
        for cleared in batch.cleared_deadlines:
            self.deadlines.pop(cleared, None)
        for row in batch.deadlines:
            self.deadlines[row.saga, row.instance_id, row.name] = (place, row)

    def _write_steps(self, place: Place, steps: Sequence[StepRow]) -> None:
        if not steps:
            return
        self._waiting_steps |= {row.command_id: (place, row) for row in steps if row.handles_rejection}
        rows = self.outbox.setdefault(place, [])
        in_order = not rows or rows[-1].position < steps[0].position
        rows += steps
        if not in_order:
            rows.sort(key=_position)

    def _new_instances(self, rows: Sequence[InstanceRow]) -> dict[InstanceKey, InstanceRow]:
        instances: dict[InstanceKey, InstanceRow] = {}
        for row in rows:
            key = InstanceKey(row.saga, row.instance_id)
            if key in instances:
                raise ConstraintBroken("sagas_pkey", key)
            before = self.sagas.get(key)
            if (0 if before is None else before.version) != row.version - row.applied:
                raise InstanceConflict
            as_jsonb(row.state)  # only to refuse what cannot be stored: the column keeps the text
            first = row if before is None else before
            instances[key] = row._replace(correlation_id=first.correlation_id, seed=first.seed)
        return instances

    def _waits(self, row: DeadlineRow) -> bool:
        """Whether this deadline, as it was set by this event, has neither passed nor been cleared."""
        _, stored = self.deadlines.get((row.saga, row.instance_id, row.name), (None, None))
        return stored is not None and stored.event_id == row.event_id

    def _new_journal(self, rows: Sequence[JournalRow]) -> dict[InstanceKey, list[JournalRow]]:
        journal: dict[InstanceKey, list[JournalRow]] = {}
        for row in rows:
            key = InstanceKey(row.saga, row.instance_id)
            entries = journal.setdefault(key, [])
            if any(row.version == entry.version for entry in [*self.journal.get(key, ()), *entries]):
                raise ConstraintBroken("saga_journal_pkey", (*key, row.version))
            entries.append(row._replace(event_id=identifier(row.event_id)))
        return journal

    def _new_steps(self, place: Place, rows: Sequence[StepRow]) -> list[StepRow]:
        """These steps in order. Raises LaneSetBack when the lane's outbox has one of their positions."""
        steps = sorted((row._replace(command_id=identifier(row.command_id)) for row in rows), key=_position)
        before = self.outbox.get(place, [])
        last = None
        for row in steps:
            check_number(row.position, MAX_BIGINT)
            at = bisect_left(before, row.position, key=_position)
            if row.position == last or (at < len(before) and before[at].position == row.position):
                raise LaneSetBack(f"the step ({place[0]}, {place[1]}, {row.position})")
            last = row.position
        return steps

    def _park(self, place: Place, batch: SagaBatch) -> None:
        if not batch.parked and not batch.unparked:
            return
        waiting, requested = self.parked_streams.setdefault(place, {}), self.requested.setdefault(place, {})
        for key in batch.unparked:
            waiting.pop(key, None)
            requested.pop(key, None)
        for stream in batch.parked:
            waiting[stream.follower, stream.stream_id] = stream
            requested.pop((stream.follower, stream.stream_id), None)


def _position(row: StepRow) -> int:
    return row.position
