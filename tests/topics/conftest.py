"""One running system for the tests of a file: each test changes a topic and repairs it at its end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest_asyncio

from tests.faults.health import Health
from tests.servers import Servers, isolated_environment
from tests.system import System, running_system
from tests.worker_process import Worker


class Running(NamedTuple):
    """A system with one worker of each role; `worker` and `health` are of the command worker."""

    system: System
    worker: Worker
    health: Health


@pytest_asyncio.fixture(scope="module")
async def running(servers: Servers, tmp_path_factory: object) -> AsyncIterator[Running]:
    folder = Path(tmp_path_factory.mktemp("topics"))  # type: ignore[attr-defined]  # pytest's factory has no public type
    async with isolated_environment(servers, folder) as settings, running_system(settings, folder) as system:
        health = Health()
        worker = await system.worker("command", metrics_port=health.port)
        for role in ("saga", "projection"):
            await system.worker(role)
        await health.ready()
        yield Running(system, worker, health)
