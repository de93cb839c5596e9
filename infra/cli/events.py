"""`annals events`: `list` reads the table (the truth), `tail` follows the Kafka log (what other services see)."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer

from contracts.catalogue import catalogue
from infra import output
from infra.cli.event_line import EventLine
from infra.cli.log_tail import log_tail
from infra.cli.merging import merged
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
    contexts = catalogue().contexts
    if name is not None and name not in contexts:
        raise typer.BadParameter(f"there is no context {name}; known: {', '.join(contexts)}")
    return name


ContextName = Annotated[
    str | None, typer.Option("--context", help="Only events of this context.", callback=_known_context)
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
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIST_LIMIT, help="At most this many.")] = DEFAULT_LIST_LIMIT,
    as_json: AsJson = False,
) -> None:
    """List events from the table, oldest first; those of a partition in the order of its sequences."""
    for line in asyncio.run(_listed(_contexts(context), partition, after, stream, limit)):
        typer.echo(line.json() if as_json else line.text())


def _contexts(name: str | None) -> Sequence[str]:
    return catalogue().contexts if name is None else [name]


async def _listed(
    contexts: Sequence[str], partition: int | None, after: int, stream: str | None, limit: int
) -> list[EventLine]:
    settings = Settings()
    partitions = list(range(settings.partitions)) if partition is None else [partition]
    events: list[EventRow] = []
    async with event_table(settings) as database:
        for context in contexts:
            if stream is not None:
                rows = await PostgresEventStore(database).streams(context, [stream])
                events += [row for row in rows if row.sequence > after and partition in (None, row.partition)]
            else:
                events += await PostgresEventStore(database).events_listed(context, partitions, after, limit)
    events.sort(key=lambda row: (row.recorded_at, row.context, row.partition, row.sequence))
    return [EventLine.of_row(row) for row in events[:limit]]


@app.command()
def tail(
    context: ContextName = None,
    follow: Annotated[bool, typer.Option(help="Wait for further events, or end where the log ends now.")] = True,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the first event.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="End after this many events.")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the event log in Kafka, beginning with the last few events of each partition. Ctrl-C ends it."""
    try:
        printing = _print_tail(_contexts(context), follow=follow, from_start=from_start, limit=limit, as_json=as_json)
        asyncio.run(_while_stdout_is_read(printing))
    except KeyboardInterrupt:
        return


async def _print_tail(
    contexts: Sequence[str], *, follow: bool, from_start: bool, limit: int | None, as_json: bool
) -> None:
    shown = 0
    tails = [log_tail(Settings(), context, follow=follow, from_start=from_start) for context in contexts]
    async for read in merged(tails):
        line = EventLine.of_log(read)
        typer.echo(line.json() if as_json else line.text())
        shown += 1
        if shown == limit:
            return


async def _while_stdout_is_read(printing: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until the reader of stdout is gone: it may leave while there is nothing to write."""
    task = asyncio.create_task(printing)
    while output.is_read():
        await asyncio.wait({task}, timeout=READER_CHECK_SECONDS)
        if task.done():
            break
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
