"""Each role starts before its database, schema and topics exist: it reports that, and works as soon as they do."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest_asyncio
from pydantic import SecretStr

from infra.kafka.topics import create_topics, topics_of
from infra.postgres.migrate import migrate
from infra.settings import Settings
from tests.faults.all_processes import AllProcesses
from tests.system import System
from workers.domain import contexts


class Start:
    """All processes, on a database and topics that do not exist yet."""

    def __init__(self, settings: Settings, folder: Path, server: asyncpg.Connection) -> None:
        assert settings.database_url is not None
        url = urlsplit(settings.database_url.get_secret_value())
        self.database = f"{url.path[1:]}_late"
        self.url = urlunsplit(url._replace(path=f"/{self.database}"))
        self.settings = settings.model_copy(update={"database_url": SecretStr(self.url)})
        self.server = server
        self.system = System(self.settings, folder, server, None, {})
        self.all_processes = AllProcesses(self.system)


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
        await server.execute(f"DROP DATABASE IF EXISTS {started.database} WITH (FORCE)")
        await server.close()


async def test_is_reported_by_every_role_and_recovered_from_without_a_restart(start: Start) -> None:
    all_processes = start.all_processes
    await all_processes.start()
    await all_processes.log_says(f'database "{start.database}" does not exist')
    await all_processes.log_says("create the database")

    await start.server.execute(f"CREATE DATABASE {start.database}")
    await all_processes.log_says("annals migrate")
    await migrate(start.url)

    await all_processes.log_says("annals topics create", "command", "projection", "saga", "analytics")
    await create_topics(start.settings, topics_of(list(contexts()), start.settings))

    await all_processes.are_ready()
    await all_processes.handle_a_user()
    for process in all_processes.by_name.values():
        assert "hidden" not in process.log()
    await all_processes.stop()
