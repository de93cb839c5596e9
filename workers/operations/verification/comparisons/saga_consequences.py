"""The steps and deadlines of a saga instance against those that the fold of its journal leads to. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from workers.operations.verification.comparisons.saga_journal import ExpectedDeadline, SagaDifference
from workers.operations.verification.comparisons.same_json import same_json
from workers.operations.verification.findings import FindingKind
from workers.ports.sagas import DeadlineRow, StepRow
from workers.ports.verification.steps import ExpectedStep, HandledAnswer, SagaLane


class StoredStep(NamedTuple):
    """A step in the outbox of a lane. `status`, `code` and `handled_at` (RFC 3339) are the outcome of its command, None
    when it has none; `unchanged`: it was accepted without events. `waits`: an answer waits for the instance.
    """

    row: StepRow
    lane: SagaLane
    status: str | None
    code: str | None
    handled_at: str | None
    waits: bool
    unchanged: bool = False


def step_name(step: StepRow) -> str:
    """How a finding names a step."""
    return f"{step.saga} {step.instance_id} {step.step}"


class Positions:
    """Takes stored steps, those of an instance together and each lane's in order; says whether they are in the
    order in which the instance decided them.
    """

    def __init__(self) -> None:
        self._last: tuple[str, str, SagaLane, int] = ("", "", ("", 0), 0)

    def follows(self, stored: StoredStep, expected: ExpectedStep) -> bool:
        position = (stored.row.saga, stored.row.instance_id, stored.lane, expected.row.position)
        before, self._last = self._last, position
        return position[:3] != before[:3] or position[3] > before[3]


def step_difference(stored: StoredStep, expected: ExpectedStep, *, in_order: bool) -> SagaDifference | None:
    """In what the stored step differs from the one that the journal leads to; names fields, never values."""
    actual, wanted = stored.row, expected.row
    names = [
        name.replace("_", " ")
        for name, left, right in zip(StepRow._fields, actual, wanted, strict=True)
        if name != "position" and left != right and (name != "data" or not same_json(actual.data, wanted.data))
    ]
    if stored.lane != expected.lane:
        names.append("lane")
    if not in_order:
        names.append("position")
    if names:
        return SagaDifference(
            FindingKind.STEP_DIFFERS, step_name(actual), f"command {actual.command_id}, in {', '.join(names)}"
        )
    return None


def answer_difference(stored: StoredStep, handled: HandledAnswer | None) -> SagaDifference | None:
    """Whether the instance has handled an answer that is no event, or still will, exactly when there was one."""
    row = stored.row
    was_answered = stored.unchanged or stored.status not in (None, "accepted")
    command = f"command {row.command_id}"
    outcome = "accepted without a change" if stored.unchanged else f"{stored.status} with {stored.code}"
    if handled is not None:
        where = f"{row.saga} {row.instance_id}@{handled.version}"
        if not was_answered or (handled.code is None) != stored.unchanged:
            actual = outcome if was_answered else "not rejected, and has events"
            explanation = f"{command} of the step {row.step!r} was {actual}"
            return SagaDifference(FindingKind.INTERNAL_EVENT_FORGED, where, explanation)
        if (handled.code, handled.handled_at) != (stored.code if handled.code else None, stored.handled_at):
            explanation = f"{command} of the step {row.step!r} was {outcome} at {stored.handled_at}"
            return SagaDifference(FindingKind.INTERNAL_EVENT_FORGED, where, explanation)
        if stored.waits:
            explanation = f"{command}: handled already, as entry {handled.version}"
            return SagaDifference(FindingKind.REJECTION_LEFT_OVER, step_name(row), explanation)
    elif stored.waits and not (was_answered and row.handles_rejection):
        explanation = f"{command}: it has no answer to handle"
        return SagaDifference(FindingKind.REJECTION_LEFT_OVER, step_name(row), explanation)
    elif was_answered and row.handles_rejection and not stored.waits:
        return SagaDifference(FindingKind.REJECTION_MISSING, step_name(row), f"{command}: {outcome}, never handled")
    return None


def deadline_differences(
    expected: Mapping[str, ExpectedDeadline], stored: Mapping[str, tuple[SagaLane, DeadlineRow]]
) -> list[SagaDifference]:
    """What is wrong with the deadlines of one instance, by name."""
    differences = (_deadline_difference(expected.get(name), stored.get(name)) for name in sorted({*expected, *stored}))
    return [difference for difference in differences if difference is not None]


def _deadline_difference(
    expected: ExpectedDeadline | None, stored: tuple[SagaLane, DeadlineRow] | None
) -> SagaDifference | None:
    if stored is None:
        if expected is None:
            return None
        explanation = f"due at {expected.row.due_at}, set by the event {expected.row.event_id}"
        return SagaDifference(FindingKind.DEADLINE_MISSING, _where(expected.row), explanation)
    lane, row = stored
    if expected is None:
        return SagaDifference(FindingKind.DEADLINE_LEFT_OVER, _where(row), f"due at {row.due_at}")
    fields = zip(DeadlineRow._fields, row, expected.row, strict=True)
    names = [field.replace("_", " ") for field, actual, wanted in fields if actual != wanted]
    names += ["lane"] if lane != expected.lane else []
    if names:
        return SagaDifference(FindingKind.DEADLINE_DIFFERS, _where(row), f"in {', '.join(names)}")
    return None


def _where(row: DeadlineRow) -> str:
    return f"{row.saga} {row.instance_id} {row.name}"
