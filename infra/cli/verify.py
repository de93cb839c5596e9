"""`annals verify`: is the log the table, and are the read models its fold? Exit code 1 when anything differs."""

import asyncio
import json
from typing import Annotated

import typer

from infra.settings import Settings
from workers.verification.findings import Verdict

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def verify(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Compare the table with the log record for record, and the read models with a fold of the table.

    May run while the system works: what is still on its way gets a few seconds to arrive. Changes nothing.
    """
    from infra.telemetry.logs import quiet_drivers

    quiet_drivers()
    verdict = asyncio.run(_verify(show_progress=not as_json))
    if as_json:
        examples = [finding._asdict() for finding in verdict.examples]
        found = {"looked_at": verdict.looked_at, "found": verdict.counts, "examples": examples}
        typer.echo(json.dumps({"content": verdict.content, **found}, indent=2))
    else:
        _show(verdict)
    raise typer.Exit(0 if verdict.content else 1)


async def _verify(*, show_progress: bool) -> Verdict:
    from rich.console import Console
    from rich.progress import Progress

    from contracts.topics import Topics
    from infra.cli.table import event_table
    from infra.devstack.addresses import located
    from infra.kafka.log_reader import LogReader
    from infra.redis.connection import client
    from infra.redis.documents import StoredDocuments
    from infra.redis.keys import Keys
    from infra.verify.run import Sources, verify

    settings = located(Settings())
    log = LogReader(settings)
    try:
        async with event_table(settings) as database, client(settings) as redis:
            documents = StoredDocuments(redis, Keys(settings.topic_prefix))
            with Progress(console=Console(stderr=True), disable=not show_progress, transient=True) as progress:
                total = sum(row["sequence"] for row in await database.rows("lane_sequences"))
                task = progress.add_task("comparing", total=total)
                sources = Sources(database, log, documents, Topics(settings.topic_prefix))
                return await verify(sources, lambda count: progress.advance(task, count))
    finally:
        await log.stop()


def _show(verdict: Verdict) -> None:
    for what, count in verdict.looked_at.items():
        typer.echo(f"{count:>12,}  {what}")
    for what, count in verdict.counts.items():
        typer.echo(f"{count:>12,}  WRONG: {what}")
    for finding in verdict.examples:
        typer.echo(f"  {finding.what}: {finding.where}: {finding.explanation}")
    typer.echo("log, table and read models agree" if verdict.content else "they do not agree; see above")
