"""The embedded Kafka, PostgreSQL and Redis for tests: one stack a session, in a temporary home. In a conftest.py:

    from infra.testing.servers import annals_servers  # noqa: F401

It is imported, and no plugin that pytest finds by itself: that would load Annals in every run of everybody who has it
installed. A test that asks for `annals_servers` gets settings with all three addresses; `settings.environment()` is the
environment of a process on these servers, such as `annals migrate`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.devstack.stack import Devstack
from infra.locating import as_setting_values
from infra.settings import Settings


@asynccontextmanager
async def embedded_servers(home: Path) -> AsyncIterator[tuple[Devstack, Settings]]:
    """The embedded servers of this home, and settings with their addresses; those that the environment names an address
    for are not started. Raises HomeInUse or another DevstackError.
    """
    settings = Settings(home=home)
    stack = Devstack(home, settings)
    addresses = await stack.start()
    try:
        yield stack, settings.model_copy(update=as_setting_values(addresses.by_field()))
    finally:
        await stack.stop()


@pytest.fixture(scope="session")
def annals_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with the addresses of servers that run for the whole session. Everything on them is shared by its tests:
    give each a topic prefix and streams of its own.
    """
    home = tmp_path_factory.mktemp("annals") / "home"
    with asyncio.Runner() as runner:
        running = embedded_servers(home)
        _, settings = runner.run(running.__aenter__())
        try:
            yield settings
        finally:
            runner.run(running.__aexit__(None, None, None))
