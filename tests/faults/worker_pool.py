"""A worker of each role on one system, and workers that replace them and kill themselves at a named point."""

from collections.abc import Sequence
from typing import Any

from tests.faults.health import Health
from tests.sent_commands import Sent
from tests.system import System
from tests.worker_process import Worker

ROLES = ("command", "saga", "projection")


class WorkerPool:
    """One worker of each role. `settings` replace those of the system when a worker starts."""

    def __init__(self, system: System, **settings: Any) -> None:
        self.system = system
        self.sent: list[Sent] = []
        self.health = {role: Health() for role in ROLES}
        self.settings = settings
        self._workers: dict[str, Worker] = {}
        self._self_killing: list[Worker] = []

    async def complete(self, *, without: str | None = None) -> None:
        """Start a worker for each role that has none. Stop the worker of the role `without`, which the test replaces.

        A worker that should have killed itself and still runs belongs to a failed test. It is killed first, so that it
        does not work next to the pool.
        """
        for worker in self._self_killing:
            if worker.process.returncode is None:
                await worker.kill()
        self._self_killing.clear()
        if without is not None and without in self._workers:
            assert await self._workers.pop(without).stop() == 0
        for role in ROLES:
            if role not in self._workers and role != without:
                self._workers[role] = await self.system.worker(role, **self._settings_of(role))

    async def start_killed_at(self, role: str, point: str, nth: int) -> Worker:
        """Start a worker that kills itself by kill -9 when it passes a point (points.py) for the nth time."""
        entry = ("tests.faults.worker", role, point, str(nth))
        worker = await self.system.worker(role, entry=entry, **self._settings_of(role))
        self._self_killing.append(worker)
        return worker

    def _settings_of(self, role: str) -> dict[str, Any]:
        # With the instance name of its predecessor, a worker gets its lanes at once.
        return {"instance": role, "metrics_port": self.health[role].port, **self.settings}

    async def kill(self, role: str) -> None:
        """Kill the role's worker by kill -9."""
        await self._workers.pop(role).kill()

    def send(self, commands: Sequence[Sent]) -> None:
        """Send commands. The final audit expects that each of them was accepted."""
        self.system.send(commands)
        self.sent += commands
