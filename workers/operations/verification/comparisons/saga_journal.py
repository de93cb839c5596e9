"""One saga instance against its journal: the fold of the events that it applied must be what is stored of it. Pure.

An instance is touched by several lanes, and only its journal has the order. So the journal is folded with the code that
the saga workers run, and each entry must have its cause: an entry of the log needs the event in its place, an internal
event the deadline that was set or the step that was sent. After the first entry that cannot be right, nothing more can
be said of the instance.
"""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, Saga, StepRejected, StepUnchanged
from workers.operations.verification.findings import FindingKind
from workers.parking import described
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    InstanceKey,
    InstanceRow,
    JournalRow,
    StepRejection,
    StepRow,
    UnchangedStep,
)
from workers.ports.verification.steps import ExpectedStep, HandledAnswer, SagaLane, StepScratch
from workers.saga.instances import Instances, LoadedInstance
from workers.saga.internal_events import INTERNAL_EVENTS, InternalEvent, internal_events


class SagaDifference(NamedTuple):
    """What is not as it should be, where, and in what way."""

    kind: FindingKind
    where: str
    explanation: str


class ExpectedDeadline(NamedTuple):
    """A deadline that waits, and the lane in which it does."""

    lane: SagaLane
    row: DeadlineRow


class StoredSaga(NamedTuple):
    """An instance as it is stored; `state` is JSON."""

    version: int
    status: str
    state: bytes
    correlation_id: str


class Seed(NamedTuple):
    """What the ids of an instance's steps are derived from, those of its first `until_version` events or of all (None).
    A `value` of None: they are derived from public things alone.
    """

    value: str | None = None
    until_version: int | None = None


NO_SEED = Seed()


class _Cause(NamedTuple):
    lane: SagaLane
    recorded: Recorded


class JournalFold:
    """Takes the entries of one instance in the order of their versions. `deadlines` are those that wait, by name;
    `broken`: an entry could not be right, nothing more can be said. `seed` None: the instance is not stored, so
    what the ids of its steps are derived from is not known; its entries are only counted.
    """

    def __init__(self, saga: Saga[Any], instance_id: str, scratch: StepScratch, seed: Seed | None = NO_SEED) -> None:
        self.key = InstanceKey(saga.name, instance_id)
        self.version = 0
        self.broken = False
        self.deadlines: dict[str, ExpectedDeadline] = {}
        self._saga = saga
        self._scratch = scratch
        self._seed = seed
        loaded = LoadedInstance(0, saga.initial, seed.value if seed else None)
        self._instances = Instances({self.key: loaded}, 0, 0)

    def apply(self, row: JournalRow, recorded: Recorded | None) -> SagaDifference | None:
        """Fold the next entry; returns what is wrong with it. `recorded` is the event that is in the entry's place in
        the table, if any.
        """
        if row.version != self.version + 1:
            self.broken = True
            return self._gap(row.version - 1)
        self.version = row.version
        if self._seed is None:
            return None
        cause = self._internal_cause(row) if row.sequence == 0 else self._log_cause(row, recorded)
        if isinstance(cause, SagaDifference):
            self.broken = True
            return cause
        if self._seed.until_version is not None and row.version == self._seed.until_version + 1:
            self._instances.forget_seed(self.key)
        error = self._instances.apply(self._saga, cause.recorded, self.key)
        if error is not None:
            self.broken = True
            return self._raised(error)
        self._keep(cause.lane)
        status = self._instances.journal.pop().status
        if status != row.status:
            return self._differs(f"its status is {row.status!r}, its events lead to {status!r}")
        return None

    def against(self, stored: StoredSaga | None) -> SagaDifference | None:
        """What is wrong with the stored instance, now that the journal has come to its end."""
        where = f"{self.key.saga} {self.key.instance_id}"
        if stored is None:
            return SagaDifference(FindingKind.INSTANCE_MISSING, where, f"its journal has {self.version} entries")
        if self.version == 0:
            return SagaDifference(FindingKind.INSTANCE_LEFT_OVER, where, "it has no journal: no event leads to it")
        if self.version < stored.version:
            self.broken = True
            return self._gap(stored.version)
        (expected,) = self._instances.rows()
        explanation = self._state_difference(stored, expected)
        return None if explanation is None else SagaDifference(FindingKind.INSTANCE_DIFFERS, where, explanation)

    def _state_difference(self, stored: StoredSaga, expected: InstanceRow) -> str | None:
        if stored.version != self.version:
            return f"its version is {stored.version}, its journal leads to {self.version}"
        if stored.status != expected.status:
            return f"its status is {stored.status!r}, its events lead to {expected.status!r}"
        try:
            # As the saga reads it: a field that the code has added since, with a default, may be missing in what is
            # stored.
            read = type(self._saga.initial).model_validate_json(stored.state)
        except ValidationError as error:
            fields = sorted({".".join(map(str, problem["loc"])) for problem in error.errors()})
            return f"its state cannot be read: {', '.join(fields)}"
        state, wanted = orjson.loads(read.model_dump_json()), orjson.loads(expected.state)
        # Facts that only a newer release knows are kept, and change nothing here.
        declared = {*state, *wanted} - (read.__pydantic_extra__ or {}).keys()
        names = [name for name in sorted(declared) if state.get(name, ...) != wanted.get(name, ...)]
        if stored.correlation_id != expected.correlation_id:
            names.append("correlation id")
        return f"in {', '.join(names)}" if names else None

    def _keep(self, lane: SagaLane) -> None:
        for (_, _, name), row in self._instances.deadlines.items():
            if row is None:
                self.deadlines.pop(name, None)
            else:
                self.deadlines[name] = ExpectedDeadline(lane, row)
        self._scratch.keep([ExpectedStep(lane, step) for step in self._instances.steps])
        self._instances.deadlines.clear()
        self._instances.steps.clear()

    def _log_cause(self, row: JournalRow, recorded: Recorded | None) -> _Cause | SagaDifference:
        place = f"{row.context} {row.partition}/{row.sequence}"
        if recorded is None or recorded.event_id != row.event_id:
            return self._differs(f"there is no event {row.event_id} at {place}")
        names = [] if recorded.may_be_called(row.type) else ["type"]
        if recorded.recorded_at != row.recorded_at:
            names.append("time")
        if names:
            return self._differs(f"in {', '.join(names)} from the event {place}")
        try:
            is_followed = type(recorded.event) in self._saga.reacts_to
            is_about_instance = is_followed and self._saga.correlate(recorded) == self.key.instance_id
        except Exception as error:  # noqa: BLE001  # a bug in a saga is a finding, not the end of the verification
            return self._raised(error)
        if not is_about_instance:
            return self._differs(f"the event {place} is not about this instance")
        return _Cause((row.context, row.partition), recorded)

    def _internal_cause(self, row: JournalRow) -> _Cause | SagaDifference:
        """The cause of an internal event, built again from what led to it."""
        model = INTERNAL_EVENTS.get(row.type)
        try:
            event = None if model is None else model.model_validate_json(row.data or b"", extra="ignore")
        except ValidationError:
            event = None
        match event:
            case DeadlinePassed(instance_id=self.key.instance_id):
                cause = self._passed(row, event)
            case StepRejected(instance_id=self.key.instance_id) | StepUnchanged(instance_id=self.key.instance_id):
                cause = self._answered(row, event)
            case _:
                cause = "it is no internal event of a saga"
        if isinstance(cause, str):
            return SagaDifference(FindingKind.INTERNAL_EVENT_FORGED, self._place(), cause)
        return cause

    def _passed(self, row: JournalRow, event: DeadlinePassed) -> _Cause | str:
        waiting = self.deadlines.get(event.deadline)
        if waiting is None:
            return f"no deadline {event.deadline!r} waited then"
        (expected,) = internal_events(DueInternalEvents(row.recorded_at, [waiting.row], []))
        if expected.recorded.event_id != row.event_id:
            return f"its id does not follow from the event that set the deadline {event.deadline!r}"
        if datetime.fromisoformat(row.recorded_at) < datetime.fromisoformat(waiting.row.due_at):
            return f"the deadline {event.deadline!r} was due only at {waiting.row.due_at}"
        del self.deadlines[event.deadline]
        return _Cause(waiting.lane, expected.recorded)

    def _answered(self, row: JournalRow, event: StepRejected | StepUnchanged) -> _Cause | str:
        code = event.code if isinstance(event, StepRejected) else None
        for (lane, step), handled in self._scratch.sent(self.key, event.step, event.to):
            expected = _answer(step, code, row.recorded_at)
            if expected.recorded.event_id != row.event_id:
                continue
            if handled is not None:
                return f"the answer to the step {event.step!r} was handled before, as entry {handled.version}"
            if not step.handles_rejection:
                return "the saga does not handle such answers"
            self._scratch.note_answer(step.command_id, HandledAnswer(row.version, code, row.recorded_at))
            return _Cause(lane, expected.recorded)
        return f"no step {event.step!r} to {event.to} that it had sent leads to this id"

    def _differs(self, explanation: str) -> SagaDifference:
        return SagaDifference(FindingKind.JOURNAL_DIFFERS, self._place(), explanation)

    def _raised(self, error: Exception) -> SagaDifference:
        where = f"saga {self.key.saga}, {self.key.instance_id}, its event {self.version}"
        return SagaDifference(FindingKind.CODE_RAISES, where, described(error))

    def _gap(self, last: int) -> SagaDifference:
        first = self.version + 1
        where = f"{self._place(first)}" if first >= last else f"{self._place(first)}-{last}"
        explanation = "versions must follow one another, up to that of the instance"
        return SagaDifference(FindingKind.JOURNAL_GAP, where, explanation)

    def _place(self, version: int | None = None) -> str:
        return f"{self.key.saga} {self.key.instance_id}@{self.version if version is None else version}"


def _answer(step: StepRow, code: str | None, handled_at: str) -> InternalEvent:
    """The internal event by which the instance handles that a step was rejected with this code, or changed nothing."""
    position = (step.position, step.saga, step.instance_id, step.step, step.stream_id, step.command_id)
    cause = (step.correlation_id, step.actor, step.traceparent)
    if code is None:
        due = DueInternalEvents(handled_at, [], [], [UnchangedStep(*position, handled_at, *cause)])
    else:
        due = DueInternalEvents(handled_at, [], [StepRejection(*position, code, handled_at, *cause, step.causation_id)])
    (answer,) = internal_events(due)
    return answer
