"""Internal events: what an instance handles in addition to the log, which are deadlines that have passed and steps that
were rejected or changed nothing. Pure.

Their ids are derived from what led to them, so the steps that follow have the same ids in every attempt.
"""

from typing import NamedTuple

from uuid_utils import UUID, uuid5

from contracts.message import Event
from workers.core.recorded import Recorded
from workers.core.saga import DeadlinePassed, StepRejected, StepUnchanged
from workers.ports.sagas import DeadlineRow, DueInternalEvents, InstanceKey, StepRejection, UnchangedStep

INTERNAL_EVENTS: dict[str, type[Event]] = {model.type: model for model in (DeadlinePassed, StepRejected, StepUnchanged)}
"""By wire type."""


class InternalEvent(NamedTuple):
    """An internal event, the instance that it is for, and the row that it was made of."""

    key: InstanceKey
    recorded: Recorded
    source: DeadlineRow | StepRejection | UnchangedStep


def internal_events(due: DueInternalEvents) -> list[InternalEvent]:
    """The events made of these rows: answers before deadlines, and the oldest of each kind first."""
    answers = [_rejected(row) for row in due.rejections] + [_unchanged(row) for row in due.unchanged]
    return answers + [_passed(row, due.now) for row in due.deadlines]


def _passed(row: DeadlineRow, now: str) -> InternalEvent:
    event = DeadlinePassed(instance_id=row.instance_id, deadline=row.name)
    event_id = str(uuid5(UUID(row.event_id), f"{row.saga}/{row.instance_id}/deadline/{row.name}"))
    return InternalEvent(InstanceKey(row.saga, row.instance_id), _recorded(event, event_id, now, row), row)


def _rejected(row: StepRejection) -> InternalEvent:
    event = StepRejected(
        instance_id=row.instance_id, step=row.step, to=row.stream_id, code=row.code, asked_by=row.causation_id
    )
    # "refused" is part of stored ids, so it stays.
    event_id = str(uuid5(UUID(row.command_id), "refused"))
    return InternalEvent(InstanceKey(row.saga, row.instance_id), _recorded(event, event_id, row.handled_at, row), row)


def _unchanged(row: UnchangedStep) -> InternalEvent:
    event = StepUnchanged(instance_id=row.instance_id, step=row.step, to=row.stream_id)
    event_id = str(uuid5(UUID(row.command_id), "unchanged"))
    return InternalEvent(InstanceKey(row.saga, row.instance_id), _recorded(event, event_id, row.handled_at, row), row)


def _recorded(event: Event, event_id: str, at: str, row: DeadlineRow | StepRejection | UnchangedStep) -> Recorded:
    return Recorded(event, event_id, row.instance_id, 0, 0, at, row.correlation_id, row.actor, row.traceparent)
