"""Databases for runs that need one of their own."""

import asyncpg

from infra.postgres.faults import connecting, faults_sorted, place_of
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, sessions_for


async def create_database(url: str, name: str) -> None:
    """Create a database on the server of `url`. `name` must come from our code: it is not escaped."""
    await _execute(url, f"CREATE DATABASE {name}")


async def drop_database(url: str, name: str) -> None:
    """Drop a database. Sessions that are connected to it end."""
    await _execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    with connecting(place_of(url)):
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_SECONDS, **sessions_for(url, writes=True))
    with faults_sorted(place_of(url)):
        try:
            await connection.execute(statement, timeout=3 * COMMAND_TIMEOUT_SECONDS)
        finally:
            await connection.close(timeout=COMMAND_TIMEOUT_SECONDS)
