"""Rows of one correlation, made short: ids are words, times are seconds after noon."""

import json
from datetime import UTC, datetime, timedelta

from contracts.outcome import Status
from workers.history.tree import tree
from workers.ports.event_store import EventRow
from workers.ports.history import Correlated, Notice, SagaStep, StartedSaga
from workers.ports.outcomes import OutcomeRow

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def command(
    command_id: str,
    at: float,
    caused_by: str | None = None,
    *,
    code: str | None = None,
    context: str = "orders",
    to: str = "s",
) -> OutcomeRow:
    """A handled command about the stream `to`; with a `code` a rejected one."""
    error = None if code is None else {"code": code, "message": f"{code}, because."}
    status: Status = "accepted" if code is None else "rejected"
    return OutcomeRow(
        command_id,
        f"{context}.Do.v1",
        context,
        to,
        status,
        1,
        0,
        1,
        (),
        None if error is None else json.dumps(error).encode(),
        "c",
        caused_by or command_id,
        None,
        after(at),
        None,
    )


def event(event_id: str, at: float, of: str, sequence: int = 1) -> EventRow:
    """An event of the command `of`, which is its cause too."""
    place = ("orders", 0, sequence, "s", 1)
    return EventRow(*place, event_id, "Done", 1, b"{}", of, "c", of, "clerk", None, after(at))


def step(
    command_id: str, at: float, caused_by: str, *, name: str = "go", to: str = "s", context: str = "orders"
) -> SagaStep:
    """A step of the instance `fulfilment/o-1`, decided at `at`."""
    decided = after(at)
    return SagaStep("fulfilment", "o-1", name, command_id, f"{context}.Do.v1", to, caused_by, None, decided, decided)


def saga(at: float, begun_by: str | None = None) -> StartedSaga:
    return StartedSaga("fulfilment", "o-1", "reserving", after(at), after(at), begun_by)


def notice(event_id: str, at: float, kind: str, **data: str) -> Notice:
    """What `fulfilment/o-1` handled."""
    fields = json.dumps({"instance_id": "o-1", **data}).encode()
    return Notice("fulfilment", "o-1", event_id, f"core.{kind}.v1", after(at), fields)


def outline(correlated: Correlated) -> list[str]:
    """The tree with a dot for each level."""
    return [f"{'.' * node.depth}{node.kind} {node.id}" for node in tree(correlated)]
