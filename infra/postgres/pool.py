"""The connection pool. Every call has a deadline; faults.py sorts what can fail.

When the server has become read-only (a failover) or shuts down, all connections are dropped, and the next ones find the
new primary. Workers ask for a server that writes; when the URL names several hosts, each is tried.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from infra.postgres.faults import (
    SchemaMissing,
    SchemaTooOld,
    asks_for_new_connections,
    connecting,
    faults_sorted,
    place_of,
)
from infra.postgres.queries import sql
from infra.postgres.roles import WRITING
from infra.postgres.schema_errors import BEGIN_AGAIN
from infra.postgres.schema_files import is_of_earlier_history, lacking
from workers.ports.lanes import Unavailable

CONNECT_TIMEOUT_SECONDS = 5.0
COMMAND_TIMEOUT_SECONDS = 10.0
ACQUIRE_TIMEOUT_SECONDS = 5.0

# Postgres ends the transactions of a paused or hanging worker, so that the next owner of its lanes can work.
SESSION_SETTINGS = {
    "application_name": "annals",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_user_timeout": "10s",
    "timezone": "UTC",
    # Every query of a worker uses an index. A new table has no statistics: a plan that is made for it would scan it for
    # as long as the session lives.
    "enable_seqscan": "off",
    # Else the server may make a plan for each call, which costs more than most of the calls themselves. Which it does
    # depends on how full the tables were when the session was young.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}


async def _keep_session(_: asyncpg.Connection) -> None:
    """Reset nothing between uses: no query of ours changes its session. This saves a round trip for each use."""


def sessions_for(url: str, *, writes: bool) -> dict[str, str]:
    """Which servers may be used: to write, one that can be written to, unless the URL says which.

    A PGTARGETSESSIONATTRS that is set for psql does not count.
    """
    if "target_session_attrs" in url:
        return {}
    return {"target_session_attrs": "read-write" if writes else "any"}


class Database:
    """A pool of connections in one role of roles.py, or as the login itself (None)."""

    def __init__(self, url: str, *, role: str | None, connections: int, writes: bool | None = None) -> None:
        """`writes`: whether it needs a server that writes; None: as its role says."""
        self._url = url
        self._writes = role in WRITING if writes is None else writes
        self._role = role
        self._connections = connections
        self._place = place_of(url)
        self._pool: asyncpg.Pool | None = None

    async def open(self, *, checks_schema: bool = True) -> None:
        """Connect and check that the schema has all that this version needs. It may have more, of a newer version.
        `annals bench` also measures other versions, without that check.

        Raises Unavailable; SchemaMissing when migrations or functions are missing; SchemaTooOld.
        """
        with connecting(self._place):
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._connections,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                max_inactive_connection_lifetime=300,
                server_settings=SESSION_SETTINGS | ({"role": self._role} if self._role else {}),
                reset=_keep_session,
                **sessions_for(self._url, writes=self._writes),
            )
        try:
            if checks_schema:
                await self._check_schema()
        except BaseException:
            await self.close()
            raise

    async def _check_schema(self) -> None:
        names = {(row["number"], row["name"]) for row in await self.rows("migrations_applied")}
        if is_of_earlier_history(names):
            what = f"the schema was made by an earlier version of Annals, which this one cannot upgrade ({self._place})"
            raise SchemaTooOld("Postgres", what, BEGIN_AGAIN)
        functions = {(row["name"], row["checksum"]) for row in await self.rows("functions_applied")}
        if missing := lacking({number for number, _ in names}, functions):
            what = f"the schema lacks {', '.join(missing)} ({self._place})"
            raise SchemaMissing("Postgres", what, "run `annals migrate` as the owner of the database")

    async def close(self) -> None:
        """Close all connections without waiting for queries."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection for one piece of work. Raises Unavailable when none is free in time."""
        if self._pool is None:
            raise Unavailable("Postgres", "the pool is not open")
        pool = self._pool
        with connecting(self._place):
            connection = await pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
        try:
            with faults_sorted(self._place):
                try:
                    yield connection
                except asyncpg.InternalClientError:
                    connection.terminate()  # its protocol is out of step: it cannot be used again
                    raise
                except asyncpg.PostgresError as error:
                    if asks_for_new_connections(error):
                        await pool.expire_connections()
                    raise
        finally:
            with faults_sorted(self._place):
                await pool.release(connection)

    async def now(self) -> datetime:
        """The database's clock. Raises Unavailable."""
        now: datetime = await self.value("now")
        return now

    async def rows(self, name: str, *arguments: Any) -> list[Any]:
        """The rows of a named query."""
        async with self.connection() as connection:
            rows: list[Any] = await connection.fetch(sql(name), *arguments)
            return rows

    async def row(self, name: str, *arguments: Any) -> Any | None:
        """The first row of a named query, or None."""
        async with self.connection() as connection:
            return await connection.fetchrow(sql(name), *arguments)

    async def value(self, name: str, *arguments: Any) -> Any:
        """The first value of the first row of a named query, or None."""
        async with self.connection() as connection:
            return await connection.fetchval(sql(name), *arguments)

    async def run(self, name: str, *arguments: Any) -> None:
        """Run a named query for its effect."""
        async with self.connection() as connection:
            await connection.execute(sql(name), *arguments)
