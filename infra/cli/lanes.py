"""`annals lanes`: the position of each lane, and the interruptions of lanes whose topic was deleted or lost records."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME…", help="As `list` names them: command:users.commands/3.")
]
Everything = Annotated[bool, typer.Option("--all", help="All open interruptions.")]
Reason = Annotated[str, typer.Option(help="What you found, or why it does not matter; kept with the action.")]

WHAT = {
    "recreated": "its topic was deleted and made anew; commands that were not read before that are lost",
    "deleted": "commands were deleted before they were read",
    "truncated": "its topic has lost its end; commands that were not read before that are lost",
}


@app.callback()
def lanes() -> None:
    """Lanes: one partition of one input topic for one role."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_lanes(as_json: AsJson = False) -> None:
    """List the lanes, and below them each interruption that is not acknowledged. Exit code 1 if there is one."""
    rows, interruptions = asyncio.run(_listed())
    if as_json:
        typer.echo(json.dumps({"lanes": rows, "interruptions": interruptions}, indent=2, default=str))
    else:
        for lane in rows:
            owner = lane["owner"] or "nobody"
            typer.echo(f"{_name(lane)}  read up to {lane['consumed']}, sequence {lane['sequence']}, held by {owner}")
        for interruption in interruptions:
            typer.echo(_sentence(interruption))
        if interruptions:
            typer.echo("Find out what was sent and not answered; then: annals lanes acknowledge NAME --reason …")
    raise typer.Exit(1 if interruptions else 0)


@app.command()
def acknowledge(
    reason: Reason,
    names: Names = None,
    everything: Everything = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge the interruptions of lanes, once they are dealt with: their workers report ready again."""
    if bool(names) == everything:
        raise typer.BadParameter("name the lanes, or say --all")
    if not reason.strip():
        raise typer.BadParameter("say why: --reason")
    done = asyncio.run(_acknowledged(names, acting(actor), reason))
    if as_json:
        typer.echo(json.dumps({"acknowledged": done}))
    else:
        typer.echo("\n".join(f"acknowledged {name}" for name in done) or "nothing is open")


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['role']}:{row['topic']}/{row['partition']}"


def _sentence(row: Mapping[str, Any]) -> str:
    missing = "" if row["missing"] is None else f"; {row['missing']} records at most"
    return (
        f"INTERRUPTED {_name(row)} at {row['noticed_at']:%Y-%m-%d %H:%M:%S} UTC: {WHAT[row['kind']]}{missing} "
        f"(it stood at offset {row['consumed']}, the topic reached from {row['start_offset']} to {row['end_offset']}; "
        f"it has read on from {row['resumed_at']})"
    )


async def _listed() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from infra.cli.table import event_table

    async with event_table(Settings()) as database:
        rows = await database.rows("lanes_listed")
        return [dict(row) for row in rows], [dict(row) for row in await database.rows("open_interruptions")]


async def _acknowledged(names: Sequence[str] | None, actor: str, reason: str) -> list[str]:
    from infra.cli.table import event_table
    from infra.postgres.interventions import Interventions

    async with event_table(Settings(), role="annals_writer") as database:
        newest = {_name(row): row["id"] for row in await database.rows("open_interruptions")}
        unknown = sorted(set(names or ()) - newest.keys())
        if unknown:
            raise CommandRefused(f"Nothing is open of {', '.join(unknown)}; see `annals lanes list`.")
        chosen = sorted(set(names)) if names else sorted(newest)
        for name in chosen:
            await Interventions(database).record(actor, "lanes-acknowledge", name, reason, {"until": newest[name]})
        return chosen
