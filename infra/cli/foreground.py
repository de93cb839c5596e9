"""Runs a `RunningSystem` in the foreground until Ctrl-C, SIGTERM or a closed terminal stops it."""

import asyncio
import sys
from contextlib import suppress

from infra.cli.stop_signals import on_stop_signals
from infra.contexts import chosen_contexts
from infra.devstack.fleet import FLEET, Fleet
from infra.devstack.screen import OUR_NAME, JsonScreen, Screen, TextScreen
from infra.devstack.system import RunningSystem
from infra.output import undisguised
from infra.settings import Settings


def run_in_foreground(*, with_workers: bool, as_json: bool, fleet: Fleet = FLEET) -> None:
    """Blocks until the system was asked to stop and has stopped. Errors of the start are raised after the clean-up."""
    settings = Settings()
    chosen_contexts(settings)  # what is wrong with them is said before any server starts
    screen: Screen = JsonScreen() if as_json else TextScreen(undisguised(sys.stdout))
    asyncio.run(_run(RunningSystem(settings, screen, with_workers=with_workers, fleet=fleet), screen))


async def _run(system: RunningSystem, screen: Screen) -> None:
    running = asyncio.create_task(system.run())
    asked = False

    def on_signal() -> None:
        nonlocal asked
        if asked:
            screen.say(OUR_NAME, "asked again: killing the workers")
            system.hurry()
            return
        asked = True
        running.cancel()

    on_stop_signals(on_signal)
    with suppress(asyncio.CancelledError):
        await running
