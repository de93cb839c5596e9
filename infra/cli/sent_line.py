"""The outcome of a command that was sent, for people and for programs."""

import json
from typing import Any

import typer

from contracts.message import Command
from contracts.outcome import Outcome

COLOURS = {"accepted": typer.colors.GREEN, "rejected": typer.colors.YELLOW, "failed": typer.colors.RED}


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print an outcome as JSON, or as a few lines."""
    if as_json:
        typer.echo(outcome.shown_json().decode())
        return
    status = typer.style(outcome.status, fg=COLOURS[outcome.status], bold=True)
    typer.echo(f"{status}  {outcome.type}  {outcome.stream_id}@{outcome.stream_version}")
    typer.echo(f"  command {outcome.command_id}, at {outcome.partition}/{outcome.sequence}")
    if outcome.deprecation is not None:
        typer.echo(f"  {outcome.type} is {outcome.deprecation}")
    for event in outcome.events:
        typer.echo(f"  event   {event.event_id} {event.type}")
    if outcome.status == "accepted" and not outcome.events:
        typer.echo("  nothing changed")
    if outcome.error is not None:
        typer.echo(f"  {outcome.error.code}: {outcome.error.message}")
        for detail in outcome.error.details if isinstance(outcome.error.details, list) else []:
            typer.echo(f"    {detail}")


def show_unanswered(command: Command, command_id: str, wait_seconds: float, *, as_json: bool) -> None:
    """Print a command that is in the log and has no outcome yet."""
    if as_json:
        pending: dict[str, Any] = {
            "command_id": command_id,
            "type": command.type,
            "status": "pending",
            "stream_id": command.stream_id,
        }
        if command.deprecation is not None:
            pending["deprecation"] = command.deprecation.model_dump(mode="json")
        typer.echo(json.dumps(pending))
        return
    typer.echo(
        f"no outcome within {wait_seconds:g} s: {command.type} {command.stream_id}, command {command_id}. "
        "It is in the log and will be handled; send it again with the same --id to get its outcome.",
        err=True,
    )
    if command.deprecation is not None:
        typer.echo(f"{command.type} is {command.deprecation}", err=True)
