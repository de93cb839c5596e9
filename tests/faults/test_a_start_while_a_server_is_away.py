"""Every role is started while one of its servers is silent: each says so, and works once it answers."""

import pytest

from tests.faults.everyone import Everyone
from tests.faults.network import networked
from tests.system import System

pytestmark = pytest.mark.timeout(300)

# Who cannot begin without the server.
CONCERNED = {
    "kafka": ("command", "projection", "saga", "audit"),
    "postgres": ("command", "projection", "saga", "audit"),
    "redis": ("projection", "audit"),
}


@pytest.mark.parametrize("server", CONCERNED)
async def test_is_said_and_mended_without_a_restart(server: str, system: System) -> None:
    async with networked(system) as network:
        everyone, line = Everyone(system, **network.crew.settings), network.lines[server]
        line.fall_silent()
        await everyone.start()
        await everyone.each_says(f"{server.capitalize()} is not available", *CONCERNED[server])
        await everyone.each_says(f"server={server}", "gateway")
        await line.stop()
        line.speak_again()
        await line.start()
        await everyone.are_ready()
        await everyone.do_their_work()
        await everyone.stop()
