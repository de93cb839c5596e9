"""`annals lanes`: the position of each lane, and the interruptions of lanes whose topic was deleted or lost records."""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.actor import Actor, acting
from infra.cli.reason import given_reason
from infra.settings import Settings
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from workers.operations.lane_interruptions import LaneOverview
    from workers.ports.lane_listing import ListedInterruption

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME…", help="As `list` names them: command:users.commands/3.")
]
Everything = Annotated[bool, typer.Option("--all", help="All open interruptions.")]
Why = Annotated[str, typer.Option(help="What you found, or why it does not matter; kept with the action.")]

WHAT = {
    "recreated": "its topic was deleted and created again; commands not read before that are lost",
    "deleted": "commands were deleted before they were read",
    "truncated": "its topic has lost its last records; commands not read before that are lost",
}


@app.callback()
def lanes() -> None:
    """Lanes: one partition of one input topic for one role."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_lanes(as_json: AsJson = False) -> None:
    """List the lanes, and below them each interruption that is not acknowledged. Exit code 1 if there is one."""
    lanes, interruptions = asyncio.run(_overview())
    if as_json:
        plain = {
            "lanes": [lane._asdict() for lane in lanes],
            "interruptions": [interruption._asdict() for interruption in interruptions],
        }
        typer.echo(json.dumps(plain, indent=2, default=str))
    else:
        for lane in lanes:
            owner = lane.owner or "no worker"
            typer.echo(f"{lane.name}  read up to {lane.consumed}, sequence {lane.sequence}, held by {owner}")
        for interruption in interruptions:
            typer.echo(_sentence(interruption))
        if interruptions:
            typer.echo("Find out what was sent and not answered; then: annals lanes acknowledge NAME --reason …")
    raise typer.Exit(1 if interruptions else 0)


@app.command()
def acknowledge(
    reason: Why,
    names: Names = None,
    everything: Everything = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge the interruptions of lanes, once they are dealt with."""
    if bool(names) == everything:
        raise typer.BadParameter("name the lanes, or say --all")
    acknowledged = asyncio.run(_acknowledge(names, acting(actor), given_reason(reason)))
    if as_json:
        typer.echo(json.dumps({"acknowledged": acknowledged}))
    else:
        typer.echo("\n".join(f"acknowledged {name}" for name in acknowledged) or "nothing is open")


def _sentence(interruption: "ListedInterruption") -> str:
    missing = "" if interruption.missing is None else f"; {interruption.missing} records at most"
    return (
        f"INTERRUPTED {interruption.name} at {interruption.noticed_at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{WHAT[interruption.kind]}{missing} (it stood at offset {interruption.consumed}, the topic reached from "
        f"{interruption.start_offset} to {interruption.end_offset}; it has read on from {interruption.resumed_at})"
    )


async def _overview() -> "LaneOverview":
    from infra.cli.table import event_table
    from infra.postgres.lanes import Lanes
    from workers.operations.lane_interruptions import lane_overview

    async with event_table(Settings()) as database:
        return await lane_overview(Lanes(database))


async def _acknowledge(names: Sequence[str] | None, actor: str, reason: Reason) -> list[str]:
    from infra.cli.table import event_table
    from infra.postgres.interventions import PostgresInterventions
    from infra.postgres.lanes import Lanes
    from workers.operations.interventions import Operator
    from workers.operations.lane_interruptions import acknowledge

    async with event_table(Settings(), role="annals_audit") as database:
        operator = Operator(PostgresInterventions(database), actor, reason)
        return await acknowledge(Lanes(database), operator, names)
