"""One process of every role and the gateway, on servers that may be away or not yet set up for them."""

from typing import Any

import httpx

from infra.devstack.ports import free_port
from tests.faults.health import Health
from tests.system import System
from tests.waiting import until
from tests.worker_process import Worker

ROLES = ("command", "projection", "saga", "analytics", "audit")
START_SECONDS = 90.0


class AllProcesses:
    """The processes by name: a role, or "gateway". `settings` replace those of the system."""

    def __init__(self, system: System, **settings: Any) -> None:
        self.by_name: dict[str, Worker] = {}
        self._system = system
        self._settings = settings
        self._health = {role: Health() for role in ROLES}
        self._gateway_port = free_port()

    async def start(self) -> None:
        for role in ROLES:
            settings = {**self._settings, "metrics_port": self._health[role].port}
            self.by_name[role] = await self._system.worker(role, **settings)
        settings = {**self._settings, "http_port": self._gateway_port}
        self.by_name["gateway"] = await self._system.worker("gateway", entry=("infra.cli.main", "gateway"), **settings)

    async def log_says(self, words: str, *names: str) -> None:
        """Wait until the log of each named process contains `words`; none of them is ready or has ended.

        Without names, all processes.
        """
        for name in names or tuple(self.by_name):
            worker = self.by_name[name]

            async def is_logged(worker: Worker = worker) -> bool:
                assert worker.process.returncode is None, worker.log()
                return words in worker.log()

            await until(is_logged, f"the {name} process logs {words!r}", seconds=START_SECONDS)
            assert not await self.is_ready(name), f"{name} is ready although: {words}"

    async def are_ready(self) -> None:
        for name in self.by_name:

            async def ready(name: str = name) -> bool:
                return await self.is_ready(name)

            await until(ready, f"{name} is ready", seconds=START_SECONDS)

    async def is_ready(self, name: str) -> bool:
        port = self._gateway_port if name == "gateway" else self._health[name].port
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def handle_a_user(self) -> None:
        """Create a user over HTTP; wait until the user is welcomed and the user's card shows it."""
        base_url = f"http://127.0.0.1:{self._gateway_port}"
        async with httpx.AsyncClient(base_url=base_url, timeout=20, trust_env=False) as client:
            created = await client.post(
                "/users", json={"first_name": "Ada", "last_name": "L", "email": "ada@example.org"}
            )
            assert created.status_code == 201, created.text

            async def welcomed() -> bool:
                card = await client.get(created.headers["Location"])
                return card.status_code == 200 and bool(card.json()["welcomed_at"])

            await until(welcomed, "the card shows that the user is welcomed", seconds=START_SECONDS)
        for name, worker in self.by_name.items():
            assert "Traceback" not in worker.log(), f"{name}: {worker.log()}"

    async def stop(self) -> None:
        """Stop every process by SIGTERM; each must end with exit code 0."""
        assert {await worker.stop() for worker in self.by_name.values()} == {0}
