"""`annals demo`: a scripted journey through a running system, from a sign-up to a deleted account, told as it happens.

The commands go the way of every other service's, over Kafka; what is told is read from the table of events, and the
sums at the end also from the read models. Ids are new in each run, so it can be played again and again beside other
work. Ends with 0 when all came out as told, 1 when anything did not, 3 when no system runs.
"""

import asyncio
import signal
from contextlib import suppress
from typing import Annotated

import typer

from infra.cli import exits
from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def demo(
    pause: Annotated[
        bool, typer.Option(help="Pause workers of `annals up` for some seconds, so that an order runs out of time.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Play orders that succeed, are declined, run out of time and are cancelled; then check that the sums are right.

    Needs a system that runs: `annals up` in another terminal. Every step shows the command line that does the same.
    """
    from infra.telemetry.logs import quiet_for_a_command

    quiet_for_a_command()
    with suppress(asyncio.CancelledError):
        if asyncio.run(_played(pause, as_json=as_json)):
            return
    raise typer.Exit(exits.REFUSED)


async def _played(pause: bool, *, as_json: bool) -> bool:
    from infra.measuring.demo.journey import play
    from infra.measuring.demo.telling import Teller

    task = asyncio.current_task()
    assert task is not None, "it runs in a task"
    # A paused worker must go on whatever ends the demo.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await play(Settings(), Teller(as_json=as_json), may_pause=pause)
