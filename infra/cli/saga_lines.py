"""Saga instances as lines for people and as JSON values for programs. Times are the database's."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import typer

from contracts.envelope import rfc3339
from infra.cli.trace_lines import MARKS
from infra.postgres.saga_instances import AppliedEvent, ListedInstance, SentStep, ShownInstance, WaitingDeadline

STATUS_WIDTH = 14


def plain_listed(instance: ListedInstance) -> dict[str, Any]:
    """One object of `annals sagas list --json`."""
    return {
        "saga": instance.saga,
        "instance_id": instance.instance_id,
        "status": instance.status,
        "ended": instance.is_ended,
        "version": instance.version,
        "correlation_id": instance.correlation_id,
        "started_at": rfc3339(instance.started_at),
        "updated_at": rfc3339(instance.updated_at),
        "deadline": _plain_deadline(instance.deadline, instance.due_at, instance.asked_at),
        "steps_sent": instance.sent,
        "steps_awaiting_outcome": instance.sent - instance.answered,
    }


def _plain_deadline(name: str | None, due_at: datetime | None, now: datetime) -> dict[str, Any] | None:
    if due_at is None:
        return None
    return {"name": name, "due_at": rfc3339(due_at), "seconds_left": (due_at - now).total_seconds()}


def listed_line(instance: ListedInstance) -> str:
    """One line of `annals sagas list`."""
    waiting = instance.sent - instance.answered
    details = [
        f"{instance.sent} step{'' if instance.sent == 1 else 's'}"
        + (f", {waiting} without an outcome" if waiting else "")
    ]
    if instance.deadline is not None and instance.due_at is not None:
        details.append(_deadline_text(WaitingDeadline(instance.deadline, instance.due_at), instance.asked_at))
    details.append(f"began {_ago(instance.asked_at, instance.started_at)}")
    how = _how(instance.status, instance.is_ended, STATUS_WIDTH)
    return f"{rfc3339(instance.updated_at)}  {how}  {instance.saga}/{instance.instance_id}  {'; '.join(details)}"


def _how(status: str, is_ended: bool, width: int = 0) -> str:
    text = f"{'ended' if is_ended else 'open':<5} {status:<{width}}"
    return typer.style(text, fg=typer.colors.GREEN if is_ended else typer.colors.CYAN)


def plain_instance(shown: ShownInstance, is_ended: bool) -> dict[str, Any]:
    """The object of `annals sagas show --json`."""
    instance = shown.instance
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
        "deadlines": [
            _plain_deadline(deadline.name, deadline.due_at, instance.asked_at) for deadline in shown.deadlines
        ],
        "journal": [_plain_event(event) for event in shown.journal],
        "steps": [_plain_step(step) for step in shown.steps],
        "cut": sorted(shown.cut),
    }


def _plain_event(event: AppliedEvent) -> dict[str, Any]:
    return {
        **event._asdict(),
        "recorded_at": rfc3339(event.recorded_at),
        "applied_at": rfc3339(event.applied_at),
        "data": None if event.data is None else json.loads(event.data),
    }


def _plain_step(step: SentStep) -> dict[str, Any]:
    handled_at = None if step.handled_at is None else rfc3339(step.handled_at)
    return {**step._asdict(), "decided_at": rfc3339(step.decided_at), "handled_at": handled_at}


def instance_lines(shown: ShownInstance, is_ended: bool) -> Iterator[str]:
    """The lines of `annals sagas show`: state and deadlines, then each event with the steps that it led to."""
    instance = shown.instance
    yield f"{instance.saga}/{instance.instance_id}  {_how(instance.status, is_ended)}"
    yield (
        f"  began {rfc3339(instance.started_at)}, {_ago(instance.asked_at, instance.started_at)}; "
        f"last changed {rfc3339(instance.updated_at)}; correlation {instance.correlation_id}"
    )
    for field, value in json.loads(instance.state).items():
        if field != "status":
            yield f"  {field}: {json.dumps(value, ensure_ascii=False)}"
    for deadline in shown.deadlines:
        yield f"  {_deadline_text(deadline, instance.asked_at)}"
    yield "events applied, the status after each, and the steps that followed:"
    if shown.cut:
        yield f"  (earlier ones are left out of the {' and the '.join(sorted(shown.cut))}; --limit shows more)"
    yield from _timeline(shown)


def _timeline(shown: ShownInstance) -> Iterator[str]:
    applied = {event.event_id for event in shown.journal}
    for step in shown.steps:
        if step.causation_id not in applied:
            yield from _step_line(step)
    for event in shown.journal:
        yield f"  {rfc3339(event.recorded_at)}  {event.version:>3} {_event_text(event)}  → {event.status}"
        for step in shown.steps:
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
    result = "no outcome yet" if step.handled_at is None else f"{step.outcome} at {rfc3339(step.handled_at)}"
    code = f" ({step.code})" if step.code else ""
    yield (
        f"  {rfc3339(step.decided_at)}      {typer.style(mark, fg=colour, bold=True)} {step.step}: "
        f"{step.command_type} {step.stream_id}  {result}{code}"
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
    """The duration in the largest unit that still gives at least 2."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.1f} s"
