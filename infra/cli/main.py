"""`annals`: the entry point of the command line and the list of its commands.

A command's module is imported only when that command is run, so `annals --help` needs neither drivers nor servers.
Each module has `app`, a `typer.Typer`; one with a callback is a group (`annals topics create`), one with a single
command and no callback is that command (`annals up`).
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from infra import output
from infra.cli import exits

# Name, module, and the line that `annals --help` shows. In the order in which a newcomer needs them.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("up", "infra.cli.up", "Start servers, workers and gateway; Ctrl-C stops them in order."),
    ("down", "infra.cli.down", "Stop what `annals up` runs, or what a killed one left behind."),
    ("demo", "infra.cli.demo", "Play a scripted journey on the running system, from sign-up to balanced accounts."),
    ("send", "infra.cli.send", "Send one command and wait for its outcome."),
    ("events", "infra.cli.events", "Follow or list the event log."),
    ("stream", "infra.cli.stream", "Show one stream: its events and the state folded from them."),
    ("undo", "infra.cli.undo", "Undo the last change of a stream by a command that records its own event."),
    ("trace", "infra.cli.trace", "Show what one request led to, over all contexts, each item below its cause."),
    ("sagas", "infra.cli.sagas", "Sagas, processes over several streams: list them, show the progress of one."),
    ("analytics", "infra.cli.analytics", "Windows of time: orders a minute, revenue an hour and more, drawn here."),
    ("verify", "infra.cli.verify", "Compare the event table with the event log and with the read models."),
    ("projections", "infra.cli.projections", "Read models: list, rebuild next to the live generation, diff, switch."),
    ("dlq", "infra.cli.dlq", "Dead letters, commands that could not be handled: list, show, retry, discard."),
    ("parked", "infra.cli.parked", "Parked streams, which wait for a fix of the code: list, show, retry, skip."),
    ("lanes", "infra.cli.lanes", "Lanes: the position of each, and topics that were recreated or lost records."),
    ("auth", "infra.cli.auth", "Keys of services, and tokens for development."),
    ("stack", "infra.cli.stack", "The embedded servers alone: run them, print their addresses."),
    ("migrate", "infra.cli.migrate", "Bring the database schema up to date."),
    ("streams", "infra.cli.streams", "The last resort for events: copy a context through a function, diff, switch."),
    ("topics", "infra.cli.topics", "Create the Kafka topics, or recreate one of them."),
    ("worker", "infra.cli.worker", "Run one worker process in the foreground."),
    ("gateway", "infra.cli.gateway", "Run the HTTP gateway in the foreground."),
    ("contracts", "infra.cli.contracts", "Check that changed messages still fit stored events and old clients."),
    ("new", "infra.cli.new", "Write a project with a context of one's own, or another context in it."),
    ("docs", "infra.cli.docs", "Write the published schemas and API documents."),
    ("bench", "infra.cli.bench", "Measure this machine: commands and events a second, latency, CPU."),
    ("soak", "infra.cli.soak", "Run load with random faults for a given time, then audit and print a table."),
)


class DeferredCommand(TyperCommand):
    """A command whose module is not imported yet, with its name and summary for the list in `--help`."""

    def __init__(self, name: str, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.module = module

    def load(self) -> Any:
        """Imports the module and returns the real command."""
        app: typer.Typer = import_module(self.module).app
        command = typer.main.get_command(app)
        command.name = self.name
        return command


class AnnalsCommands(TyperGroup):
    """All commands. A command's module is imported when the command is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that the first argument names, with its module imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, DeferredCommand) else command, rest


def annals() -> AnnalsCommands:
    """The whole command line."""
    return AnnalsCommands(
        name="annals",
        help="CQRS and event sourcing on Kafka, Postgres and Redis.",
        epilog="Exit codes: 0 done, 1 refused or found wrong, 2 wrong usage, 3 a server cannot be reached, "
        "4 done, but the answer could not be written.",
        no_args_is_help=True,
        rich_markup_mode=None,
        commands={name: DeferredCommand(name, module, summary) for name, module, summary in COMMANDS},
    )


def main() -> None:
    """Runs the command line and ends the process with its exit code (exits.py)."""
    output.guard()
    sys.exit(output.ended(_run(), exits.DONE, exits.UNWRITTEN))


def _run() -> int:
    try:
        annals().main(prog_name="annals")
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else exits.DONE if ending.code is None else exits.REFUSED
    except Exception as error:
        code = exits.explain(error)
        if code is None:
            raise
        return code
    return exits.DONE


if __name__ == "__main__":
    main()
