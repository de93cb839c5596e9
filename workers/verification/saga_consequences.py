"""The steps and deadlines of a saga instance against those that the fold of its journal leads to. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from workers.ports.sagas import DeadlineRow, StepRow
from workers.verification.findings import What
from workers.verification.saga_journal import ExpectedDeadline, ExpectedStep, Heard, Lane, Wrong
from workers.verification.same_json import same_json


class StoredStep(NamedTuple):
    """A step in the outbox of a lane. `status`, `code` and `handled_at` (RFC 3339) are the outcome of its command, None
    when it has none; `unchanged`: it was accepted without events. `waits`: an answer is there for the instance to hear.
    """

    row: StepRow
    lane: Lane
    status: str | None
    code: str | None
    handled_at: str | None
    waits: bool
    unchanged: bool = False


def place(step: StepRow) -> str:
    """What a finding about a step is about."""
    return f"{step.saga} {step.instance_id} {step.step}"


class Positions:
    """Takes stored steps, those of an instance together and each lane's in order; says whether they stand there in the
    order in which the instance has decided them.
    """

    def __init__(self) -> None:
        self._last: tuple[str, str, Lane, int] = ("", "", ("", 0), 0)

    def follows(self, stored: StoredStep, expected: ExpectedStep) -> bool:
        here = (stored.row.saga, stored.row.instance_id, stored.lane, expected.row.position)
        before, self._last = self._last, here
        return here[:3] != before[:3] or here[3] > before[3]


def step_difference(stored: StoredStep, expected: ExpectedStep, *, in_order: bool) -> Wrong | None:
    """In what the stored step is another than the one that the journal leads to; names fields, never values."""
    one, other = stored.row, expected.row
    names = [
        name.replace("_", " ")
        for name, left, right in zip(StepRow._fields, one, other, strict=True)
        if name != "position" and left != right and (name != "data" or not same_json(one.data, other.data))
    ]
    if stored.lane != expected.lane:
        names.append("lane")
    if not in_order:
        names.append("position")
    if names:
        return Wrong(What.STEP_DIFFERS, place(one), f"command {one.command_id}, in {', '.join(names)}")
    return None


def hearing_difference(stored: StoredStep, heard: Heard | None) -> Wrong | None:
    """Whether the instance has heard of an answer that is no event, or still will, exactly when there was one."""
    row, told = stored.row, stored.unchanged or stored.status not in (None, "accepted")
    command = f"command {row.command_id}"
    said = "accepted without a change" if stored.unchanged else f"{stored.status} with {stored.code}"
    if heard is not None:
        where = f"{row.saga} {row.instance_id}@{heard.version}"
        if not told or (heard.code is None) != stored.unchanged:
            explanation = f"{command} of the step {row.step!r} was {said if told else 'not refused, and has events'}"
            return Wrong(What.OWN_EVENT_FORGED, where, explanation)
        if (heard.code, heard.handled_at) != (stored.code if heard.code else None, stored.handled_at):
            return Wrong(
                What.OWN_EVENT_FORGED, where, f"{command} of the step {row.step!r} was {said} at {stored.handled_at}"
            )
        if stored.waits:
            return Wrong(What.REJECTION_LEFT_OVER, place(row), f"{command}: heard already, as entry {heard.version}")
    elif stored.waits and not (told and row.handles_rejection):
        return Wrong(What.REJECTION_LEFT_OVER, place(row), f"{command}: there is nothing to hear of it")
    elif told and row.handles_rejection and not stored.waits:
        return Wrong(What.REJECTION_MISSING, place(row), f"{command}: {said}, never heard")
    return None


def deadline_differences(
    expected: Mapping[str, ExpectedDeadline], stored: Mapping[str, tuple[Lane, DeadlineRow]]
) -> list[Wrong]:
    """What is wrong with the deadlines of one instance, by name."""
    found = []
    for name in sorted({*expected, *stored}):
        wanted, there = expected.get(name), stored.get(name)
        if there is None and wanted is not None:
            explanation = f"due at {wanted.row.due_at}, set by the event {wanted.row.event_id}"
            found.append(Wrong(What.DEADLINE_MISSING, _where(wanted.row), explanation))
        elif wanted is None and there is not None:
            found.append(Wrong(What.DEADLINE_LEFT_OVER, _where(there[1]), f"due at {there[1].due_at}"))
        elif wanted is not None and there is not None:
            fields = zip(DeadlineRow._fields, there[1], wanted.row, strict=True)
            names = [field.replace("_", " ") for field, one, other in fields if one != other]
            names += ["lane"] if there[0] != wanted.lane else []
            if names:
                found.append(Wrong(What.DEADLINE_DIFFERS, _where(there[1]), f"in {', '.join(names)}"))
    return found


def _where(row: DeadlineRow) -> str:
    return f"{row.saga} {row.instance_id} {row.name}"
