"""Instances of sagas as lines for people and as plain values for programs. Times are the database's."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import typer

from contracts.envelope import rfc3339
from infra.cli.trace_lines import MARKS
from infra.postgres.saga_instances import AppliedEvent, ListedInstance, SentStep, ShownInstance, WaitingDeadline

STATUS_WIDTH = 14


def plain_listed(each: ListedInstance) -> dict[str, Any]:
    """One object of `annals sagas list --json`."""
    return {
        "saga": each.saga,
        "instance_id": each.instance_id,
        "status": each.status,
        "ended": each.is_ended,
        "version": each.version,
        "correlation_id": each.correlation_id,
        "started_at": rfc3339(each.started_at),
        "updated_at": rfc3339(each.updated_at),
        "deadline": _plain_deadline(each.deadline, each.due_at, each.asked_at),
        "steps_sent": each.sent,
        "steps_awaiting_outcome": each.sent - each.answered,
    }


def _plain_deadline(name: str | None, due_at: datetime | None, now: datetime) -> dict[str, Any] | None:
    if due_at is None:
        return None
    return {"name": name, "due_at": rfc3339(due_at), "seconds_left": (due_at - now).total_seconds()}


def listed_line(each: ListedInstance) -> str:
    """One line of `annals sagas list`."""
    waiting = each.sent - each.answered
    told = [f"{each.sent} step{'' if each.sent == 1 else 's'}" + (f", {waiting} without an outcome" if waiting else "")]
    if each.deadline is not None and each.due_at is not None:
        told.append(_deadline_text(WaitingDeadline(each.deadline, each.due_at), each.asked_at))
    told.append(f"began {_ago(each.asked_at, each.started_at)}")
    how = _how(each.status, each.is_ended, STATUS_WIDTH)
    return f"{rfc3339(each.updated_at)}  {how}  {each.saga}/{each.instance_id}  {'; '.join(told)}"


def _how(status: str, is_ended: bool, width: int = 0) -> str:
    text = f"{'ended' if is_ended else 'open':<5} {status:<{width}}"
    return typer.style(text, fg=typer.colors.GREEN if is_ended else typer.colors.CYAN)


def plain_instance(found: ShownInstance, is_ended: bool) -> dict[str, Any]:
    """The object of `annals sagas show --json`."""
    instance = found.instance
    return {
        "saga": instance.saga,
        "instance_id": instance.instance_id,
        "status": instance.status,
        "ended": is_ended,
        "version": instance.version,
        "correlation_id": instance.correlation_id,
        "started_at": rfc3339(instance.started_at),
        "updated_at": rfc3339(instance.updated_at),
        "state": json.loads(instance.state),
        "deadlines": [_plain_deadline(each.name, each.due_at, instance.asked_at) for each in found.deadlines],
        "journal": [_plain_event(each) for each in found.journal],
        "steps": [_plain_step(each) for each in found.steps],
        "cut": sorted(found.cut),
    }


def _plain_event(each: AppliedEvent) -> dict[str, Any]:
    return {
        **each._asdict(),
        "recorded_at": rfc3339(each.recorded_at),
        "applied_at": rfc3339(each.applied_at),
        "data": None if each.data is None else json.loads(each.data),
    }


def _plain_step(each: SentStep) -> dict[str, Any]:
    handled_at = None if each.handled_at is None else rfc3339(each.handled_at)
    return {**each._asdict(), "decided_at": rfc3339(each.decided_at), "handled_at": handled_at}


def instance_lines(found: ShownInstance, is_ended: bool) -> Iterator[str]:
    """The lines of `annals sagas show`: state and deadlines, then each event with the steps that it led to."""
    instance = found.instance
    yield f"{instance.saga}/{instance.instance_id}  {_how(instance.status, is_ended)}"
    yield (
        f"  began {rfc3339(instance.started_at)}, {_ago(instance.asked_at, instance.started_at)}; "
        f"last changed {rfc3339(instance.updated_at)}; correlation {instance.correlation_id}"
    )
    for field, value in json.loads(instance.state).items():
        if field != "status":
            yield f"  {field}: {json.dumps(value, ensure_ascii=False)}"
    for deadline in found.deadlines:
        yield f"  {_deadline_text(deadline, instance.asked_at)}"
    yield "what it took, the status after it, and the steps that followed:"
    if found.cut:
        yield f"  (earlier ones are left out of the {' and the '.join(sorted(found.cut))}; --limit shows more)"
    yield from _timeline(found)


def _timeline(found: ShownInstance) -> Iterator[str]:
    taken = {event.event_id for event in found.journal}
    for step in found.steps:
        if step.causation_id not in taken:
            yield from _step_line(step)
    for event in found.journal:
        yield f"  {rfc3339(event.recorded_at)}  {event.version:>3} {_event_text(event)}  → {event.status}"
        for step in found.steps:
            if step.causation_id == event.event_id:
                yield from _step_line(step)


def _event_text(event: AppliedEvent) -> str:
    if event.sequence:
        return f"• {event.type} {event.stream_id}@{event.stream_version}"
    data = json.loads(event.data or "{}")
    return (
        f"⏰ {event.type} {' '.join(f'{key}={value}' for key, value in data.items() if key != 'instance_id')}".rstrip()
    )


def _step_line(step: SentStep) -> Iterator[str]:
    mark, colour = MARKS[step.outcome or "pending"]
    told = "no outcome yet" if step.handled_at is None else f"{step.outcome} at {rfc3339(step.handled_at)}"
    code = f" ({step.code})" if step.code else ""
    yield (
        f"  {rfc3339(step.decided_at)}      {typer.style(mark, fg=colour, bold=True)} {step.step}: "
        f"{step.command_type} {step.stream_id}  {told}{code}"
    )


def _deadline_text(deadline: WaitingDeadline, now: datetime) -> str:
    left = (deadline.due_at - now).total_seconds()
    if left < 0:
        overdue = typer.style(f"overdue for {_span(-left)}", fg=typer.colors.RED)
        return f"deadline {deadline.name} {rfc3339(deadline.due_at)}, {overdue}"
    return f"deadline {deadline.name} {rfc3339(deadline.due_at)}, {_span(left)} left"


def _ago(now: datetime, then: datetime) -> str:
    return f"{_span(max(0.0, (now - then).total_seconds()))} ago"


def _span(seconds: float) -> str:
    """So long, in the unit that says it in a few digits."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.1f} s"
