"""The servers of a soak: embedded ones in a home of their own, whatever servers the environment names.

The home is removed after a run in which nothing went wrong; otherwise it stays, with the log of every process in it.
"""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.contexts import chosen_contexts
from infra.devstack.stack import Devstack
from infra.kafka.topics import create_topics, topics_of
from infra.locating import as_setting_values
from infra.measuring.isolation import ISOLATED_SETTINGS
from infra.postgres.migrate import migrate
from infra.settings import Settings


def new_home() -> Path:
    """An empty folder for one run."""
    return Path(tempfile.mkdtemp(prefix="annals-soak-"))


@asynccontextmanager
async def isolated_servers(settings: Settings, home: Path) -> AsyncIterator[tuple[Settings, Devstack]]:
    """Servers with schema and topics, and the settings that name them; stopped afterwards. Raises DevstackError or
    Unavailable.
    """
    settings = settings.model_copy(update={**ISOLATED_SETTINGS, "home": home})
    stack = Devstack(home, settings, as_in_production=True)
    addresses = await stack.start()
    try:
        isolated = settings.model_copy(update=as_setting_values(addresses.by_field()))
        await migrate(addresses.database_url)
        await create_topics(isolated, topics_of(list(chosen_contexts(isolated)), isolated))
        yield isolated, stack
    finally:
        await stack.stop()


def worker_environment(settings: Settings, metrics_port: int) -> dict[str, str]:
    """The environment of a worker on these servers, without the caller's ANNALS_* variables."""
    given = settings.model_copy(update={"metrics_port": metrics_port}).environment()
    return {name: value for name, value in os.environ.items() if not name.startswith("ANNALS_")} | given
