"""`annals stream`: one stream's events and the state that they make, now or at an earlier point."""

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from contracts.catalogue import catalogue
from infra.cli.event_line import EventLine
from infra.cli.exits import CommandRefused
from infra.cli.table import event_table
from infra.postgres.event_store import PostgresEventStore
from infra.settings import Settings
from workers.domain import contexts
from workers.ports.event_store import EventRow

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def stream() -> None:
    """The streams: the history of one user, one order, one account."""


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="CONTEXT/ID", help="Which stream: users/0198c0de-…")],
    at: Annotated[str | None, typer.Option(help="Only up to this version, or up to this time (RFC 3339).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a stream's events and the state that they make, as a command would meet it."""
    context, _, stream_id = name.partition("/")
    if context not in contexts() or not stream_id:
        raise typer.BadParameter(f"{name} is no stream; known: {', '.join(f'{known}/<id>' for known in contexts())}")
    point = _point(at)
    rows = _up_to(point, asyncio.run(_events(context, stream_id)), name)
    state = fields(folded(context, rows))
    lines = [EventLine.of_row(row) for row in rows]
    if as_json:
        shown = {
            "context": context,
            "stream_id": stream_id,
            "version": len(rows),
            "state": state,
            "events": [line._asdict() for line in lines],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(line.text())
    typer.echo(f"\n{name} at version {len(rows)}")
    for field, value in state.items():
        typer.echo(f"  {field}: {json.dumps(value, ensure_ascii=False)}")


async def _events(context: str, stream_id: str) -> Sequence[EventRow]:
    async with event_table(Settings()) as database:
        return await PostgresEventStore(database).streams(context, [stream_id])


def _point(at: str | None) -> int | datetime | None:
    if at is None:
        return None
    if at.isdecimal():
        return int(at)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(f"{at} is neither a version nor a time with its zone, like 2026-01-31T12:00:00Z")
    return moment


def _up_to(point: int | datetime | None, rows: Sequence[EventRow], name: str) -> Sequence[EventRow]:
    """The events up to this point. Raises CommandRefused when there are none, or the version has not been reached."""
    if not rows:
        raise CommandRefused(f"There is no stream {name}.")
    if point is None:
        return rows
    if isinstance(point, int):
        if not 1 <= point <= len(rows):
            raise CommandRefused(f"{name} has the versions 1 to {len(rows)}, not {point}.")
        return rows[:point]
    found = [row for row in rows if row.recorded_at <= point]
    if not found:
        raise CommandRefused(f"{name} began later, at {rows[0].recorded_at.isoformat()}.")
    return found


def folded(context: str, rows: Sequence[EventRow]) -> Any:
    """The write side's state after these events."""
    decider = contexts()[context].decider
    state = decider.initial
    for row in rows:
        type_ = f"{context}.{row.type}.v{row.schema_version}"
        model = catalogue().events.get(type_)
        if model is None:
            raise CommandRefused(f"This installation does not know the event {type_}; a newer one wrote it.")
        state = decider.evolve(state, model.model_validate_json(row.data))
    return state


def fields(state: Any) -> dict[str, Any]:
    """A state's fields by name, whichever kind of frozen value it is."""
    if isinstance(state, BaseModel):
        return state.model_dump(mode="json")
    if dataclasses.is_dataclass(state) and not isinstance(state, type):
        return dataclasses.asdict(state)
    return dict(state._asdict())
