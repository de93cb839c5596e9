"""What every composition needs: a database pool from the settings, and the name under which a process owns lanes."""

import os
import socket

from infra.postgres.pool import Database
from infra.settings import Settings


def owner_name() -> str:
    """How a lane names its owner to people: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


def database_for(settings: Settings, *, role: str | None, connections: int) -> Database:
    """A pool, not yet open, on the located database."""
    assert settings.database_url is not None, "settings must be located first"
    return Database(settings.database_url.get_secret_value(), role=role, connections=connections)
