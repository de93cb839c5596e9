"""`annals verify`: do table, log, unique claims, sagas and read models agree? Exit code 1 when anything differs."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

from infra.cli.actor import Actor, acting
from infra.cli.reason import given_reason
from infra.settings import Settings
from workers.verification.findings import Verdict

app = typer.Typer(pretty_exceptions_enable=False)


class Mending(NamedTuple):
    """Who wants what is wrong to be mended, and why."""

    actor: str
    reason: str


@app.command()
def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended, then verify again.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why you repair; kept with each action.")] = None,
    actor: Actor = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare the table with the log record for record; unique_claims, sagas and read models with a fold of the table.

    May run while the system works: what is still on its way gets a few seconds to arrive. Changes nothing, unless you
    ask for a repair: that publishes what the log lacks, rebuilds documents and index entries, and sets unique_claims
    right, all safely beside working workers. It ends with the verdict of another verification.
    """
    from infra.telemetry.logs import command_line_logs

    command_line_logs()
    mending = Mending(acting(actor), given_reason(reason or "").text) if repair else None
    done: list[str] = []

    def say(line: str) -> None:
        done.append(line)
        if not as_json:
            typer.echo(f"repair: {line}")

    before, after = asyncio.run(_run(mending, say, show_verdict=None if as_json else _show))
    if as_json:
        repaired = {"before": _plain(before), "repairs": done} if repair else {}
        typer.echo(json.dumps(_plain(after) | repaired, indent=2))
    raise typer.Exit(0 if after.content else 1)


def _plain(verdict: Verdict) -> dict[str, Any]:
    examples = [finding._asdict() for finding in verdict.examples]
    return {
        "content": verdict.content,
        "looked_at": verdict.looked_at,
        "found": verdict.counts,
        "examples": examples,
    }


async def _run(
    mending: Mending | None, say: Callable[[str], None], *, show_verdict: Callable[[Verdict], None] | None
) -> tuple[Verdict, Verdict]:
    """The verdict, and the one after the repairs; the same, if nothing had to be mended. Each is shown as it comes."""
    from rich.console import Console
    from rich.progress import Progress

    from infra.cli.table import event_table
    from infra.verify.opening import open_sources
    from infra.verify.repair.opening import open_tools
    from infra.verify.repair.run import repaired
    from infra.verify.run import events_to_compare, verify

    settings = Settings()
    async with event_table(settings) as database, open_sources(settings, database) as sources:

        async def verified() -> Verdict:
            with Progress(console=Console(stderr=True), disable=show_verdict is None, transient=True) as progress:
                task = progress.add_task("comparing", total=await events_to_compare(sources))

                async def advance(count: int) -> None:
                    progress.advance(task, count)

                verdict = await verify(sources, advance)
            if show_verdict is not None:
                show_verdict(verdict)
            return verdict

        before = await verified()
        if mending is None or before.content:
            return before, before
        async with (
            event_table(settings, role="annals_writer") as writer,
            open_tools(settings, sources, writer, mending.actor, mending.reason, say) as tools,
        ):
            return before, await repaired(tools, before, verified)


def _show(verdict: Verdict) -> None:
    from workers.verification.advice import advice_on

    for what, count in verdict.looked_at.items():
        typer.echo(f"{count:>12,}  {what}")
    for what, count in verdict.counts.items():
        typer.echo(f"{count:>12,}  WRONG: {what}")
    for finding in verdict.examples:
        typer.echo(f"  {finding.what}: {finding.where}: {finding.explanation}")
    for what, advice in advice_on(verdict.counts):
        typer.echo(f"  advice, {what}: {advice}")
    if verdict.content:
        typer.echo("log, table, unique_claims, sagas and read models agree")
    else:
        repairs = "; `annals verify --repair --reason …` mends what can be mended" if verdict.targets else ""
        typer.echo(f"they do not agree; see above{repairs}")
