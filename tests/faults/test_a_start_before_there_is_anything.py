"""Every role is started before its database, its schema and its topics exist: each says so, and works once they do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest_asyncio
from pydantic import SecretStr

from infra.kafka.topics import create_topics, topics_of
from infra.postgres.migrate import migrate
from infra.settings import Settings
from tests.faults.health import Health, free_port
from tests.system import System, Worker
from tests.waiting import until
from workers.domain import contexts

ROLES = ("command", "projection", "saga", "audit")
START_SECONDS = 90.0


class Start:
    """All roles and the gateway on a database and topics that do not exist yet."""

    def __init__(self, settings: Settings, folder: Path, server: Any) -> None:
        assert settings.database_url is not None
        url = urlsplit(settings.database_url.get_secret_value())
        self.name = f"{url.path[1:]}_late"
        self.url = urlunsplit(url._replace(path=f"/{self.name}"))
        self.settings = settings.model_copy(update={"database_url": SecretStr(self.url)})
        self.server = server
        self.system = System(self.settings, folder, server, None)
        self.health = {role: Health() for role in ROLES}
        self.processes: dict[str, Worker] = {}
        self.gateway_port = free_port()

    async def everything(self) -> None:
        for role in ROLES:
            self.processes[role] = await self.system.worker(role, metrics_port=self.health[role].port)
        self.processes["gateway"] = await self.system.worker(
            "gateway", entry=("infra.cli.main", "gateway"), http_port=self.gateway_port
        )

    async def each_says(self, words: str, *roles: str) -> None:
        """In its log; and none of them is ready, nor has ended."""
        for name in roles or tuple(self.processes):
            process = self.processes[name]

            async def said(process: Worker = process) -> bool:
                assert process.process.returncode is None, process.log()
                return words in process.log()

            await until(said, f"the {name} process says {words!r}", seconds=START_SECONDS)
            assert not await self.is_ready(name), f"{name} is ready although: {words}"

    async def is_ready(self, name: str) -> bool:
        port = self.gateway_port if name == "gateway" else self.health[name].port
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.TransportError:
            return False


@pytest_asyncio.fixture
async def start(settings: Settings, tmp_path: Path) -> AsyncIterator[Start]:
    assert settings.database_url is not None
    server = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=10)
    started = Start(settings, tmp_path, server)
    try:
        yield started
    finally:
        for process in started.system.workers:
            if process.process.returncode is None:
                await process.kill()
        await server.execute(f"DROP DATABASE IF EXISTS {started.name} WITH (FORCE)")
        await server.close()


async def test_is_said_by_every_role_and_mended_without_a_restart(start: Start) -> None:
    await start.everything()
    await start.each_says(f'database "{start.name}" does not exist')
    await start.each_says("create the database")

    await start.server.execute(f"CREATE DATABASE {start.name}")
    # Nobody but the gateway and the audit looks into the schema before it has the topics.
    await start.each_says("annals migrate", "gateway", "audit")
    await migrate(start.url)

    await start.each_says("annals topics create", "command", "projection", "saga")
    await create_topics(start.settings, topics_of(list(contexts()), start.settings))

    for name in start.processes:
        await until(lambda name=name: start.is_ready(name), f"{name} is ready", seconds=START_SECONDS)  # type: ignore[misc]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{start.gateway_port}", timeout=20, trust_env=False
    ) as client:
        created = await client.post("/users", json={"first_name": "Ada", "last_name": "L", "email": "ada@example.org"})
        assert created.status_code == 201, created.text
    for name, process in start.processes.items():
        assert "Traceback" not in process.log(), f"{name}: {process.log()}"
        assert "hidden" not in process.log()
    stopped = await asyncio.gather(*(process.stop() for process in start.processes.values()))
    assert set(stopped) == {0}
