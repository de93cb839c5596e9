"""The nodes of a tree of causes, each made of one row. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from workers.ports.event_store import EventRow, OutcomeRow
from workers.ports.history import Notice, SagaStep, StartedSaga

Kind = Literal["command", "event", "saga", "notice"]


class Node(NamedTuple):
    """One command, event or saga instance, or a notice that an instance got; `stream_id` is that instance's id then.

    `at`: when it was handled, recorded or begun; None for a command that is pending. `type` is a wire type, or the
    saga's name; `data` a notice's fields. `status` is the outcome's (or `pending`; `unknown` where the answer was cut)
    or the saga's; `code` and `message` say why a command was not accepted. `step` is what made a saga send the command.
    `sequence` is a place in a lane, 0 where there is none.
    """

    kind: Kind
    id: str
    type: str
    context: str | None
    stream_id: str | None
    stream_version: int | None
    at: datetime | None
    actor: str | None = None
    status: str | None = None
    code: str | None = None
    message: str | None = None
    step: SagaStep | None = None
    updated_at: datetime | None = None
    data: Mapping[str, Any] | None = None
    sequence: int = 0
    parent: str | None = None
    depth: int = 0


def saga_id(saga: str, instance_id: str) -> str:
    """What an instance is called."""
    return f"{saga}/{instance_id}"


def of_command(row: OutcomeRow, step: SagaStep | None) -> Node:
    outcome: dict[str, Any] = orjson.loads(row.outcome)
    error = outcome.get("error") or {}
    return Node(
        "command",
        row.command_id,
        row.type,
        row.context,
        row.stream_id,
        outcome.get("stream_version"),
        row.handled_at,
        row.actor,
        row.status,
        error.get("code"),
        error.get("message"),
        step,
        sequence=row.sequence,
    )


def of_unhandled(step: SagaStep, status: str) -> Node:
    context = step.command_type.partition(".")[0]
    return Node(
        "command",
        step.command_id,
        step.command_type,
        context,
        step.stream_id,
        None,
        None,
        step.actor,
        status,
        step=step,
    )


def of_event(row: EventRow) -> Node:
    wire_type = f"{row.context}.{row.type}.v{row.schema_version}"
    return Node(
        "event",
        row.event_id,
        wire_type,
        row.context,
        row.stream_id,
        row.stream_version,
        row.recorded_at,
        row.actor,
        sequence=row.sequence,
    )


def of_saga(row: StartedSaga) -> Node:
    return Node(
        "saga",
        saga_id(row.saga, row.instance_id),
        row.saga,
        None,
        row.instance_id,
        None,
        row.started_at,
        status=row.status,
        updated_at=row.updated_at,
    )


def of_notice(row: Notice) -> Node:
    return Node(
        "notice",
        row.event_id,
        row.type,
        None,
        row.instance_id,
        None,
        row.recorded_at,
        data={name: value for name, value in orjson.loads(row.data).items() if name != "instance_id"},
    )


def place(node: Node) -> tuple[datetime, str, int, str, str]:
    """Where a node stands among its siblings: by time, then by its place in the lane."""
    at = node.at or (node.step.decided_at if node.step else None)
    assert at is not None, "what has no time of its own comes from a step"
    return (at, node.context or "", node.sequence, node.kind, node.id)


def span(nodes: Sequence[Node]) -> tuple[datetime, datetime]:
    """When the first of these (at least one) happened, and the last."""
    decided = [node.step.decided_at for node in nodes if node.step is not None]
    times = [at for node in nodes for at in (node.at, node.updated_at) if at is not None]
    return min(times + decided), max(times + decided)
