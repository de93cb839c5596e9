"""One process of every role and the gateway, on servers that may not be there, or not be ready for them."""

from typing import Any

import httpx

from tests.faults.health import Health, free_port
from tests.system import System, Worker
from tests.waiting import until

ROLES = ("command", "projection", "saga", "audit")
START_SECONDS = 90.0


class Everyone:
    """The processes by their names: those of the roles, and "gateway". `settings` replace the system's."""

    def __init__(self, system: System, **settings: Any) -> None:
        self.processes: dict[str, Worker] = {}
        self._system = system
        self._settings = settings
        self._health = {role: Health() for role in ROLES}
        self._gateway_port = free_port()

    async def start(self) -> None:
        for role in ROLES:
            own = {**self._settings, "metrics_port": self._health[role].port}
            self.processes[role] = await self._system.worker(role, **own)
        own = {**self._settings, "http_port": self._gateway_port}
        self.processes["gateway"] = await self._system.worker("gateway", entry=("infra.cli.main", "gateway"), **own)

    async def each_says(self, words: str, *names: str) -> None:
        """In its log; and none of them is ready, nor has ended. Without names: everybody."""
        for name in names or tuple(self.processes):
            process = self.processes[name]

            async def said(process: Worker = process) -> bool:
                assert process.process.returncode is None, process.log()
                return words in process.log()

            await until(said, f"the {name} process says {words!r}", seconds=START_SECONDS)
            assert not await self.is_ready(name), f"{name} is ready although: {words}"

    async def are_ready(self) -> None:
        for name in self.processes:

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

    async def do_their_work(self) -> None:
        """A user is created over HTTP, welcomed, and his card shows it."""
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
        for name, process in self.processes.items():
            assert "Traceback" not in process.log(), f"{name}: {process.log()}"

    async def stop(self) -> None:
        """In good order."""
        assert {await process.stop() for process in self.processes.values()} == {0}
