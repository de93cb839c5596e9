"""What every composition needs: a database pool from the settings, and the name under which a process owns lanes."""

import asyncio
import os
import socket
from typing import Any

from infra.postgres.address import database_url
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.retrying import Retrying

RECONNECT_SECONDS = 1.0
MAX_RECONNECT_SECONDS = 5.0


def owner_name() -> str:
    """How a lane names its owner to people: host and process id."""
    return f"{socket.gethostname()}/{os.getpid()}"


def database_for(settings: Settings, *, role: str | None, connections: int, writes: bool | None = None) -> Database:
    """A pool, not yet open, on the located database. `writes` as for a Database. Raises Unavailable for certificates
    that cannot be used.
    """
    return Database(database_url(settings), role=role, connections=connections, writes=writes)


async def opened_at_last(database: Database, what_waits: str, log: Any) -> None:
    """Open a pool, however long it takes."""
    retrying = Retrying(what_waits, log, RECONNECT_SECONDS, MAX_RECONNECT_SECONDS)
    while True:
        retrying.begin()
        try:
            await database.open()
        except Exception as error:  # noqa: BLE001  # whatever it was: who gives up answers 503 for ever
            await asyncio.sleep(retrying.after(error))
        else:
            return
