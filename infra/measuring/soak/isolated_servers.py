"""The servers of a soak: embedded ones in a home of their own, whatever servers the environment names.

The home is removed after a run in which nothing went wrong; otherwise it stays, with the log of every process in it.
"""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.devstack.stack import Devstack
from infra.kafka.topics import create_topics, topics_of
from infra.locating import as_setting_values
from infra.postgres.migrate import migrate
from infra.settings import Settings
from workers.domain import contexts

# What must not come from the environment: only our own servers may be killed, and no other may receive the load.
ISOLATED_SETTINGS = {
    "kafka_bootstrap_servers": None,
    "database_url": None,
    "redis_url": None,
    "topic_prefix": "",
    "replication_factor": -1,
    "kafka_security_protocol": "PLAINTEXT",
    "kafka_sasl_username": None,
    "kafka_sasl_password": None,
    "kafka_tls_ca_file": None,
    "instance": None,
    "metrics_host": "127.0.0.1",
    "metrics_port": None,
    "log_level": "info",
}


def new_home() -> Path:
    """An empty folder for one run."""
    return Path(tempfile.mkdtemp(prefix="annals-soak-"))


@asynccontextmanager
async def isolated_servers(settings: Settings, home: Path) -> AsyncIterator[tuple[Settings, Devstack]]:
    """Servers with schema and topics, and the settings that name them; stopped afterwards. Raises DevstackError or
    Unavailable.
    """
    settings = settings.model_copy(update={**ISOLATED_SETTINGS, "home": home})
    stack = Devstack(home, settings)
    addresses = await stack.start()
    try:
        isolated = settings.model_copy(update=as_setting_values(addresses.by_field()))
        await migrate(addresses.database_url)
        await create_topics(isolated, topics_of(list(contexts()), isolated))
        yield isolated, stack
    finally:
        await stack.stop()


def worker_environment(settings: Settings, metrics_port: int) -> dict[str, str]:
    """The environment of a worker on these servers, without the caller's ANNALS_* variables."""
    given = settings.model_copy(update={"metrics_port": metrics_port}).environment()
    return {name: value for name, value in os.environ.items() if not name.startswith("ANNALS_")} | given
