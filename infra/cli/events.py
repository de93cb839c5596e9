"""`annals events`: `list` reads the table (the truth), `tail` follows the Kafka log (what other services see)."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer

from contracts.catalogue import catalogue
from infra.cli import output
from infra.cli.event_line import EventLine
from infra.cli.log_tail import log_tail
from infra.cli.side_by_side import side_by_side
from infra.cli.table import event_table
from infra.postgres.event_store import PostgresEventStore
from infra.settings import Settings
from infra.telemetry.logs import quiet_for_a_command
from workers.ports.event_store import EventRow

DEFAULT_LIST_LIMIT = 100
READER_CHECK_SECONDS = 0.5
MAX_LIST_LIMIT = 10_000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _known_context(name: str | None) -> str | None:
    known = catalogue().contexts
    if name is not None and name not in known:
        raise typer.BadParameter(f"there is no context {name}; known: {', '.join(known)}")
    return name


ContextName = Annotated[
    str | None, typer.Option("--context", help="Whose events. Left out: of all contexts.", callback=_known_context)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]


@app.callback()
def events() -> None:
    """The events: listed from the table, or followed in the log."""
    quiet_for_a_command()


@app.command("list")
def list_events(
    context: ContextName = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Only this partition.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only sequences greater than this, in each partition.")] = 0,
    stream: Annotated[str | None, typer.Option(help="Only the stream with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIST_LIMIT, help="At most so many.")] = DEFAULT_LIST_LIMIT,
    as_json: AsJson = False,
) -> None:
    """List events from the table, oldest first; each partition's in the order of its sequences."""
    for line in asyncio.run(_listed(_contexts(context), partition, after, stream, limit)):
        typer.echo(line.json() if as_json else line.text())


def _contexts(name: str | None) -> Sequence[str]:
    return catalogue().contexts if name is None else [name]


async def _listed(
    contexts: Sequence[str], partition: int | None, after: int, stream: str | None, limit: int
) -> list[EventLine]:
    settings = Settings()
    partitions = list(range(settings.partitions)) if partition is None else [partition]
    found: list[EventRow] = []
    async with event_table(settings) as database:
        for context in contexts:
            if stream is not None:
                rows = await PostgresEventStore(database).streams(context, [stream])
                found += [row for row in rows if row.sequence > after and partition in (None, row.partition)]
            else:
                found += await PostgresEventStore(database).events_listed(context, partitions, after, limit)
    found.sort(key=lambda row: (row.recorded_at, row.context, row.partition, row.sequence))
    return [EventLine.of_row(row) for row in found[:limit]]


@app.command()
def tail(
    context: ContextName = None,
    follow: Annotated[bool, typer.Option(help="Wait for further events, or end where the log ends now.")] = True,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the first event there is.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the event log in Kafka, beginning with the last few events of each partition. Ctrl-C ends it."""
    try:
        told = _tailed(_contexts(context), follow=follow, from_start=from_start, limit=limit, as_json=as_json)
        asyncio.run(_as_long_as_it_is_read(told))
    except KeyboardInterrupt:
        return


async def _tailed(contexts: Sequence[str], *, follow: bool, from_start: bool, limit: int | None, as_json: bool) -> None:
    shown = 0
    tails = [log_tail(Settings(), context, follow=follow, from_start=from_start) for context in contexts]
    async for read in side_by_side(tails):
        line = EventLine.of_log(read)
        typer.echo(line.json() if as_json else line.text())
        shown += 1
        if shown == limit:
            return


async def _as_long_as_it_is_read(told: Coroutine[Any, Any, None]) -> None:
    """To the end, or until nobody reads any more: a reader may go away when nothing is there to be written."""
    telling = asyncio.create_task(told)
    while output.is_read():
        await asyncio.wait({telling}, timeout=READER_CHECK_SECONDS)
        if telling.done():
            break
    telling.cancel()
    with suppress(asyncio.CancelledError):
        await telling
