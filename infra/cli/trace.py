"""`annals trace`: everything that one request led to, over all contexts, each below its cause."""

import asyncio
import json
from typing import Annotated

import typer

from infra.cli.exits import CommandRefused
from infra.cli.table import event_table
from infra.cli.trace_lines import trace_lines
from infra.postgres.history import PostgresHistory
from infra.settings import Settings
from workers.history.document import trace_document
from workers.ports.history import Correlated

DEFAULT_LIMIT = 5000
MAX_LIMIT = 100_000

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def trace(
    correlation_id: Annotated[
        str, typer.Argument(help="X-Correlation-Id of the answer, ce_correlationid of an event.")
    ],
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_LIMIT, help="At most this many commands, events and steps, the earliest.")
    ] = DEFAULT_LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, as the gateway does.")] = False,
) -> None:
    """Show what a request led to: commands with their outcomes, events, sagas and their steps, each under its cause."""
    correlated = asyncio.run(_correlated(correlation_id, limit))
    if correlated.is_empty:
        raise CommandRefused(
            f"Nothing is known under the correlation id {correlation_id}. Nothing of it has been handled yet, or the "
            "id is wrong: `annals events list` and the header X-Correlation-Id of an answer show the ids."
        )
    document = trace_document(correlation_id, correlated)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    for line in trace_lines(document):
        typer.echo(line)


async def _correlated(correlation_id: str, limit: int) -> Correlated:
    async with event_table(Settings()) as database:
        return await PostgresHistory(database).correlated(correlation_id, limit)
