"""Each role starts while one of its servers does not answer: it reports that, and works as soon as the server does."""

import pytest

from tests.faults.all_processes import AllProcesses
from tests.faults.network import networked
from tests.system import System

pytestmark = pytest.mark.timeout(300)

# The roles that cannot begin without the server.
DEPENDENT = {
    "kafka": ("command", "projection", "saga", "analytics", "audit"),
    "postgres": ("command", "projection", "saga", "analytics", "audit"),
    "redis": ("projection", "audit"),
}


@pytest.mark.parametrize("server", DEPENDENT)
async def test_is_reported_and_recovered_from_without_a_restart(server: str, system: System) -> None:
    async with networked(system) as network:
        all_processes, line = AllProcesses(system, **network.pool.settings), network.lines[server]
        line.fall_silent()
        await all_processes.start()
        await all_processes.log_says(f"{server.capitalize()} is not available", *DEPENDENT[server])
        await all_processes.log_says(f"server={server}", "gateway")
        await line.stop()
        line.speak_again()
        await line.start()
        await all_processes.are_ready()
        await all_processes.handle_a_user()
        await all_processes.stop()
