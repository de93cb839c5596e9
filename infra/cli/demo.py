"""`annals demo`: a scripted journey through a running system, from a sign-up to a deleted account, shown as it happens.

The demo sends its commands over Kafka, as any other service does. What it shows is read from the event table, and the
balances at the end also from the read models. Ids are new in each run, so it can be repeated beside other work. Ends
with 0 when every result was as announced, 1 when one was not, 3 when no system runs.
"""

import asyncio
import signal
from contextlib import suppress
from typing import Annotated

import typer

from infra.cli import exits
from infra.cli.exits import CommandRefused
from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def demo(
    pause: Annotated[
        bool, typer.Option(help="Pause workers of `annals up` for some seconds, so that an order runs out of time.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Play orders that succeed, are declined, run out of time and are cancelled; then check that the balances hold.

    Needs a running system: `annals up` in another terminal. Every step shows the command line that does the same.
    """
    from infra.telemetry.logs import quiet_for_a_command

    quiet_for_a_command()
    with suppress(asyncio.CancelledError):
        if asyncio.run(_played(pause, as_json=as_json)):
            return
    raise typer.Exit(exits.REFUSED)


async def _played(pause: bool, *, as_json: bool) -> bool:
    from infra.cli.actor import operator
    from infra.cli.demo_output import DemoOutput
    from infra.cli.signing import command_identities
    from infra.cli.table import event_table
    from infra.contexts import chosen_contexts
    from infra.locating import located
    from infra.measuring.demo.scenario import play
    from workers.domain import contexts

    task = asyncio.current_task()
    assert task is not None, "it runs in a task"
    # Whatever ends the demo, a paused worker must continue.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    settings = Settings()
    missing = sorted(contexts().keys() - chosen_contexts(settings).keys())
    if missing:
        raise CommandRefused(f"The demo plays with contexts that ANNALS_CONTEXTS leaves out: {', '.join(missing)}.")
    settings = located(settings)
    async with event_table(settings) as database:
        identities, narrator = await command_identities(settings), DemoOutput(as_json=as_json)
        return await play(settings, database, narrator, identities, operator(None), may_pause=pause)
