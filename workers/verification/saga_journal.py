"""One saga instance against its journal: the fold of what it took must be what is stored of it. Pure.

An instance is touched by several lanes, and only its journal knows in which order: so the journal is folded with the
code that the saga workers run, and each entry must have its cause. An entry of the log needs the event in its place;
one of the instance's own needs the deadline that was set, or the step that was sent. After the first entry that cannot
be right, nothing more can be said of the instance.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson
from pydantic import ValidationError

from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, Saga, StepRejected, StepUnchanged
from workers.parking import described
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    InstanceKey,
    JournalRow,
    StepRejection,
    StepRow,
    UnchangedStep,
)
from workers.saga.instances import Instances
from workers.saga.internal_events import INTERNAL_EVENTS, InternalEvent, internal_events
from workers.verification.findings import What

Lane = tuple[str, int]
"""Context and partition of a saga lane."""


class Wrong(NamedTuple):
    """What is not as it should be, where, and in what way."""

    what: What
    where: str
    explanation: str


class ExpectedStep(NamedTuple):
    """A step that the instance decides, in the outbox of this lane. Its `position` counts the instance's own steps."""

    lane: Lane
    row: StepRow


class ExpectedDeadline(NamedTuple):
    """A deadline that waits, and the lane that lets it pass."""

    lane: Lane
    row: DeadlineRow


class Heard(NamedTuple):
    """The instance has heard, as its `version`-th, that a step was refused with this code at this time (RFC 3339), or,
    without a code, that it was accepted and changed nothing.
    """

    version: int
    code: str | None
    handled_at: str


class Steps(Protocol):
    """Where a fold keeps the steps of an instance: there may be many."""

    def keep(self, steps: Sequence[ExpectedStep]) -> None: ...

    def sent(self, key: InstanceKey, step: str, to: str) -> Sequence[tuple[ExpectedStep, Heard | None]]:
        """The instance's steps of this name to this stream, and what it has heard of each."""
        ...

    def heard(self, command_id: str, heard: Heard) -> None: ...


class StoredSaga(NamedTuple):
    """An instance as it is stored; `state` is JSON."""

    version: int
    status: str
    state: bytes
    correlation_id: str


class _Cause(NamedTuple):
    lane: Lane
    recorded: Recorded


class JournalFold:
    """Takes the entries of one instance in the order of their versions. `deadlines` are those that wait, by name;
    `broken`: an entry could not be right, nothing more can be said.
    """

    def __init__(self, saga: Saga[Any], instance_id: str, steps: Steps) -> None:
        self.key = InstanceKey(saga.name, instance_id)
        self.version = 0
        self.broken = False
        self.deadlines: dict[str, ExpectedDeadline] = {}
        self._saga = saga
        self._steps = steps
        self._instances = Instances({}, 0, 0)

    def apply(self, row: JournalRow, found: Recorded | None) -> Wrong | None:
        """Fold the next entry; `found` is the event that stands in its place, if any. Says what is wrong with it."""
        if row.version != self.version + 1:
            self.broken = True
            return self._gap(row.version - 1)
        self.version = row.version
        cause = self._own(row) if row.sequence == 0 else self._of_log(row, found)
        if isinstance(cause, Wrong):
            self.broken = True
            return cause
        error = self._instances.apply(self._saga, cause.recorded, self.key)
        if error is not None:
            self.broken = True
            return self._raised(error)
        self._keep(cause.lane)
        status = self._instances.journal.pop().status
        if status != row.status:
            explanation = f"its status is {row.status!r}, its events lead to {status!r}"
            return Wrong(What.JOURNAL_DIFFERS, self._place(), explanation)
        return None

    def against(self, stored: StoredSaga | None) -> Wrong | None:
        """What is wrong with the stored instance, now that the journal has come to its end."""
        where = f"{self.key.saga} {self.key.instance_id}"
        if stored is None:
            return Wrong(What.INSTANCE_MISSING, where, f"its journal has {self.version} entries")
        if self.version == 0:
            return Wrong(What.INSTANCE_LEFT_OVER, where, "it has no journal: no event leads to it")
        if self.version < stored.version:
            self.broken = True
            return self._gap(stored.version)
        (expected,) = self._instances.rows()
        if stored.version != self.version:
            explanation = f"its version is {stored.version}, its journal leads to {self.version}"
            return Wrong(What.INSTANCE_DIFFERS, where, explanation)
        if stored.status != expected.status:
            explanation = f"its status is {stored.status!r}, its events lead to {expected.status!r}"
            return Wrong(What.INSTANCE_DIFFERS, where, explanation)
        try:
            # As the saga reads it: a field that has come since, and that it has a default for, need not stand there.
            read = type(self._saga.initial).model_validate_json(stored.state)
        except ValidationError as error:
            fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
            return Wrong(What.INSTANCE_DIFFERS, where, f"its state cannot be read: {', '.join(fields)}")
        state, wanted = orjson.loads(read.model_dump_json()), orjson.loads(expected.state)
        names = [each for each in sorted({*state, *wanted}) if state.get(each, ...) != wanted.get(each, ...)]
        if stored.correlation_id != expected.correlation_id:
            names.append("correlation id")
        return Wrong(What.INSTANCE_DIFFERS, where, f"in {', '.join(names)}") if names else None

    def _keep(self, lane: Lane) -> None:
        for (_, _, name), row in self._instances.deadlines.items():
            if row is None:
                self.deadlines.pop(name, None)
            else:
                self.deadlines[name] = ExpectedDeadline(lane, row)
        self._steps.keep([ExpectedStep(lane, step) for step in self._instances.steps])
        self._instances.deadlines.clear()
        self._instances.steps.clear()

    def _of_log(self, row: JournalRow, found: Recorded | None) -> _Cause | Wrong:
        place = f"{row.context} {row.partition}/{row.sequence}"
        if found is None or found.event_id != row.event_id:
            return Wrong(What.JOURNAL_DIFFERS, self._place(), f"there is no event {row.event_id} at {place}")
        pairs = (("type", found.event.type, row.type), ("time", found.recorded_at, row.recorded_at))
        names = [name for name, one, other in pairs if one != other]
        if names:
            return Wrong(What.JOURNAL_DIFFERS, self._place(), f"in {', '.join(names)} from the event {place}")
        try:
            is_about = type(found.event) in self._saga.reacts_to and self._saga.correlate(found) == self.key.instance_id
        except Exception as error:  # noqa: BLE001  # a bug in a saga is a finding, not the end of the verification
            return self._raised(error)
        if not is_about:
            return Wrong(What.JOURNAL_DIFFERS, self._place(), f"the event {place} is not about this instance")
        return _Cause((row.context, row.partition), found)

    def _own(self, row: JournalRow) -> _Cause | Wrong:
        """The cause of an entry of the instance's own, made anew from what led to it."""
        model = INTERNAL_EVENTS.get(row.type)
        try:
            event = None if model is None else model.model_validate_json(row.data or b"")
        except ValidationError:
            event = None
        match event:
            case DeadlinePassed(instance_id=self.key.instance_id):
                cause = self._passed(row, event)
            case StepRejected(instance_id=self.key.instance_id) | StepUnchanged(instance_id=self.key.instance_id):
                cause = self._answered(row, event)
            case _:
                cause = "it is no event of a saga's own"
        if isinstance(cause, str):
            return Wrong(What.OWN_EVENT_FORGED, self._place(), cause)
        return cause

    def _passed(self, row: JournalRow, event: DeadlinePassed) -> _Cause | str:
        waiting = self.deadlines.get(event.deadline)
        if waiting is None:
            return f"no deadline {event.deadline!r} waited then"
        (own,) = internal_events(DueInternalEvents(row.recorded_at, [waiting.row], []))
        if own.recorded.event_id != row.event_id:
            return f"its id does not follow from the event that set the deadline {event.deadline!r}"
        if datetime.fromisoformat(row.recorded_at) < datetime.fromisoformat(waiting.row.due_at):
            return f"the deadline {event.deadline!r} was due only at {waiting.row.due_at}"
        del self.deadlines[event.deadline]
        return _Cause(waiting.lane, own.recorded)

    def _answered(self, row: JournalRow, event: StepRejected | StepUnchanged) -> _Cause | str:
        for (lane, step), heard in self._steps.sent(self.key, event.step, event.to):
            code = event.code if isinstance(event, StepRejected) else None
            own = _answer(step, code, row.recorded_at)
            if own.recorded.event_id != row.event_id:
                continue
            if heard is not None:
                return f"the answer to the step {event.step!r} was heard before, as entry {heard.version}"
            if not step.handles_rejection:
                return "the saga does not hear such answers"
            self._steps.heard(step.command_id, Heard(row.version, code, row.recorded_at))
            return _Cause(lane, own.recorded)
        return f"no step {event.step!r} to {event.to} that it had sent leads to this id"

    def _raised(self, error: Exception) -> Wrong:
        where = f"saga {self.key.saga}, {self.key.instance_id}, its event {self.version}"
        return Wrong(What.CODE_RAISES, where, described(error))

    def _gap(self, last: int) -> Wrong:
        first = self.version + 1
        where = f"{self._place(first)}" if first >= last else f"{self._place(first)}-{last}"
        return Wrong(What.JOURNAL_GAP, where, "versions must follow one another, up to that of the instance")

    def _place(self, version: int | None = None) -> str:
        return f"{self.key.saga} {self.key.instance_id}@{self.version if version is None else version}"


def _answer(step: StepRow, code: str | None, handled_at: str) -> InternalEvent:
    """What the instance hears of a step that was refused with this code, or that changed nothing."""
    place = (step.position, step.saga, step.instance_id, step.step, step.stream_id, step.command_id)
    cause = (step.correlation_id, step.actor, step.traceparent)
    if code is None:
        due = DueInternalEvents(handled_at, [], [], [UnchangedStep(*place, handled_at, *cause)])
    else:
        due = DueInternalEvents(handled_at, [], [StepRejection(*place, code, handled_at, *cause, step.causation_id)])
    (own,) = internal_events(due)
    return own
