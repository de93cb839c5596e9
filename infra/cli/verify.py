"""`annals verify`: do table, log, unique claims, sagas and read models agree? Exit code 1 when anything differs."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from infra.cli.actor import Actor, acting
from infra.cli.reason import given_reason
from infra.settings import Settings
from workers.operations.verification.findings import Verdict
from workers.operations.verification.settle_timer import SETTLE_SECONDS
from workers.ports.interventions import Reason

MAX_WAIT_SECONDS = 3600.0

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired, then verify again.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why you repair; kept with each action.")] = None,
    actor: Actor = None,
    wait: Annotated[
        float,
        typer.Option(min=0, max=MAX_WAIT_SECONDS, help="Seconds without progress until what is on its way is missing."),
    ] = SETTLE_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare the table with the log record for record; unique claims, sagas and read models with a fold of the table.

    May run while the system works: what is still on its way gets time to arrive (--wait). Changes nothing, unless you
    ask for a repair: that publishes what the log lacks, rebuilds documents and index entries, and sets unique claims
    right, all safely beside working workers. It ends with the verdict of another verification.
    """
    from infra.telemetry.logs import command_line_logs

    command_line_logs()
    repairing = (acting(actor), given_reason(reason or "")) if repair else None
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if not as_json:
            typer.echo(f"repair: {line}")

    before, after = asyncio.run(_run(repairing, wait, say, show_verdict=None if as_json else _show))
    if as_json:
        repairs = {"before": _plain(before), "repairs": lines} if repair else {}
        typer.echo(json.dumps(_plain(after) | repairs, indent=2))
    raise typer.Exit(0 if after.passes else 1)


def _plain(verdict: Verdict) -> dict[str, Any]:
    examples = [finding._asdict() for finding in verdict.examples]
    return {
        "passes": verdict.passes,
        "looked_at": verdict.looked_at,
        "found": verdict.counts,
        "examples": examples,
    }


async def _run(
    repairing: tuple[str, Reason] | None,
    settle_seconds: float,
    say: Callable[[str], None],
    *,
    show_verdict: Callable[[Verdict], None] | None,
) -> tuple[Verdict, Verdict]:
    """The verdict, and the one after the repairs; the same one if nothing was repaired. Each is shown as it comes.

    `repairing`: who wants a repair, and why.
    """
    from infra.cli.drawing import progress_bar
    from infra.cli.table import event_table
    from infra.processes.repair import open_repair_tools
    from infra.processes.verification import open_sources
    from workers.operations.repair.run import repair
    from workers.operations.verification.run import events_to_compare, verify

    settings = Settings()
    # Readers may not read the seeds from which the ids of sagas' steps are derived. A follower will do.
    async with (
        event_table(settings, role="annals_audit", writes=False) as database,
        open_sources(settings, database, settle_seconds) as sources,
    ):

        async def verified() -> Verdict:
            with progress_bar(shown=show_verdict is not None) as progress:
                task = progress.add_task("comparing", total=await events_to_compare(sources))

                async def advance(count: int) -> None:
                    progress.advance(task, count)

                verdict = await verify(sources, advance)
            if show_verdict is not None:
                show_verdict(verdict)
            return verdict

        before = await verified()
        if repairing is None or before.passes:
            return before, before
        async with (
            event_table(settings, role="annals_audit") as writer,
            open_repair_tools(settings, sources, writer, *repairing, say) as tools,
        ):
            return before, await repair(tools, before, verified)


def _show(verdict: Verdict) -> None:
    from workers.operations.verification.advice import advice_on

    for what, count in verdict.looked_at.items():
        typer.echo(f"{count:>12,}  {what}")
    for what, count in verdict.counts.items():
        typer.echo(f"{count:>12,}  WRONG: {what}")
    for finding in verdict.examples:
        typer.echo(f"  {finding.what}: {finding.where}: {finding.explanation}")
    for what, advice in advice_on(verdict.counts):
        typer.echo(f"  advice, {what}: {advice}")
    if verdict.passes:
        typer.echo("log, table, unique claims, sagas, read models and windows agree")
    else:
        repairs = "; `annals verify --repair --reason …` repairs what can be repaired" if verdict.targets else ""
        typer.echo(f"they do not agree; see above{repairs}")
