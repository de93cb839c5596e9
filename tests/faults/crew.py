"""The workers of a system, one of each role, and the doomed ones that stand in for them."""

from collections.abc import Sequence
from typing import Any

from tests.faults.health import Health
from tests.system import Sent, System, Worker

ROLES = ("command", "saga", "projection")


class Crew:
    """One healthy worker of each role. They are started with `settings` of their own, if these are given."""

    def __init__(self, system: System, **settings: Any) -> None:
        self.system = system
        self.sent: list[Sent] = []
        self.health = {role: Health() for role in ROLES}
        self.settings = settings
        self._workers: dict[str, Worker] = {}
        self._doomed: list[Worker] = []

    async def complete(self, *, without: str | None = None) -> None:
        """Start the roles that lack a worker; stop, in good order, that of the role that the test is about.

        Who was doomed and lives is of a test that has failed, and must not work beside them.
        """
        for survivor in self._doomed:
            if survivor.process.returncode is None:
                await survivor.kill()
        self._doomed.clear()
        if without is not None and without in self._workers:
            assert await self._workers.pop(without).stop() == 0
        for role in ROLES:
            if role not in self._workers and role != without:
                self._workers[role] = await self.system.worker(role, **self._settings_of(role))

    async def doomed(self, role: str, point: str, nth: int) -> Worker:
        """A worker that ends by kill -9 at the nth passage of a point (points.py)."""
        entry = ("tests.faults.worker", role, point, str(nth))
        self._doomed.append(await self.system.worker(role, entry=entry, **self._settings_of(role)))
        return self._doomed[-1]

    def _settings_of(self, role: str) -> dict[str, Any]:
        # Under the same instance name as the one before, a worker finds its lanes at once.
        return {"instance": role, "metrics_port": self.health[role].port, **self.settings}

    async def kill(self, role: str) -> None:
        """kill -9 to the role's worker."""
        await self._workers.pop(role).kill()

    def send(self, commands: Sequence[Sent]) -> None:
        """Send commands; all of them must have been accepted when the crew comes to rest."""
        self.system.send(commands)
        self.sent += commands
