"""The nodes of the tree of causes. Each is made of one row. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from workers.ports.event_store import EventRow
from workers.ports.history import Notice, SagaStep, StartedSaga
from workers.ports.outcomes import OutcomeRow

Kind = Literal["command", "event", "saga", "notice"]


class Node(NamedTuple):
    """A command, an event, a saga instance, or a notice (an internal event that an instance has handled). For an
    instance and a notice, `stream_id` is the id of the instance.

    `at` is when it was handled, recorded or begun; None for a command that is pending. `type` is a wire type, or the
    name of the saga; `data` are the fields of a notice. `status` is that of the outcome (or `pending`; `unknown` if the
    rows were cut) or of the saga; `code` and `message` tell why a command was not accepted. `step` is the saga's step
    that sent the command. `sequence` is the position in a lane; 0: none.
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
    """The id of an instance as a node."""
    return f"{saga}/{instance_id}"


def of_command(row: OutcomeRow, step: SagaStep | None) -> Node:
    """The node of a handled command, and of the step that sent it, if a saga did."""
    error: dict[str, Any] = {} if row.error is None else orjson.loads(row.error)
    return Node(
        "command",
        row.command_id,
        row.type,
        row.context,
        row.stream_id,
        row.stream_version,
        row.handled_at,
        row.actor,
        row.status,
        error.get("code"),
        error.get("message"),
        step,
        sequence=row.sequence,
    )


def of_unhandled(step: SagaStep, status: str) -> Node:
    """The node of a command that a saga has sent and whose outcome is not known."""
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
    """The node of an event."""
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
    """The node of a saga instance."""
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
    """The node of an internal event that an instance has handled."""
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


def sort_key(node: Node) -> tuple[datetime, str, int, str, str]:
    """The order of a node among its siblings: by time, then by its position in the lane."""
    at = node.at or (node.step.decided_at if node.step else None)
    assert at is not None, "a node without a time of its own comes from a step"
    return (at, node.context or "", node.sequence, node.kind, node.id)


def span(nodes: Sequence[Node]) -> tuple[datetime, datetime]:
    """The times of the first and the last of these nodes, of which there must be at least one."""
    decided = [node.step.decided_at for node in nodes if node.step is not None]
    times = [at for node in nodes for at in (node.at, node.updated_at) if at is not None]
    return min(times + decided), max(times + decided)
