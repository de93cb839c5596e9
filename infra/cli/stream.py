"""`annals stream`: one stream's events and the state folded from them, now or at an earlier point."""

import asyncio
import json
from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any

import typer

from contracts.catalogue import stored_events
from contracts.envelope import MalformedMessage
from contracts.message import Event
from infra.cli.event_line import EventLine
from infra.cli.exits import CommandRefused
from infra.cli.table import event_table
from infra.contexts import chosen_contexts
from infra.postgres.event_store import PostgresEventStore
from infra.settings import Settings
from workers.core.folding import fold
from workers.history.points import NoPoint, Point, point_of
from workers.history.reading import events_until
from workers.history.state_fields import state_fields
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
    """Show a stream's events and the state folded from them, as the next command would get it."""
    context, _, stream_id = name.partition("/")
    contexts = chosen_contexts(Settings())
    if context not in contexts or not stream_id:
        raise typer.BadParameter(f"{name} is no stream; known: {', '.join(f'{name}/<id>' for name in contexts)}")
    rows = asyncio.run(_events(context, stream_id, _point(at)))
    state = state_fields(folded(context, rows))
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


async def _events(context: str, stream_id: str, point: Point | None) -> Sequence[EventRow]:
    async with event_table(Settings()) as database:
        return await events_until(PostgresEventStore(database), context, stream_id, point)


def _point(at: str | None) -> Point | None:
    try:
        return None if at is None else point_of(at)
    except NoPoint as error:
        raise typer.BadParameter(f"{at} is {error}") from error


def folded(context: str, rows: Sequence[EventRow]) -> Any:
    """The write side's state after these events."""
    return fold(
        chosen_contexts(Settings())[context].decider, chain.from_iterable(_events_of(context, row) for row in rows)
    )


def _events_of(context: str, row: EventRow) -> tuple[Event, ...]:
    try:
        return stored_events().read(f"{context}.{row.type}.v{row.schema_version}", row.data)
    except MalformedMessage as error:
        raise CommandRefused(f"The event {row.stream_version} cannot be read: {error.explanation}.") from error
