"""The one door to Postgres: a pool whose every call has a deadline, and the sorting of what can go wrong.

A driver's exception never leaves the room: it becomes `Unavailable` (try again later), `Unstorable` (a value that the
database cannot represent) or, when it is neither, it is a bug and passes through.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from infra.postgres.queries import sql
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Unavailable

CONNECT_TIMEOUT_SECONDS = 5.0
COMMAND_TIMEOUT_SECONDS = 10.0
ACQUIRE_TIMEOUT_SECONDS = 5.0

# Postgres ends what a paused or half-dead worker holds, so that the next owner of its lanes gets in.
SESSION_SETTINGS = {
    "application_name": "annals",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_user_timeout": "10s",
    "timezone": "UTC",
    # Every query of a worker goes by an index. A young table has no statistics, and a plan made for it would scan it
    # for as long as the session lives.
    "enable_seqscan": "off",
    "jit": "off",
}

_UNSTORABLE_CLASSES = ("22", "54")
_TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58")


@contextmanager
def faults_sorted() -> Iterator[None]:
    """Turn the driver's exceptions into those of the ports."""
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise Unavailable("Postgres", str(error) or type(error).__name__) from error
    except (asyncpg.DataError, UnicodeEncodeError) as error:
        raise Unstorable(_first_line(error)) from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # The second: a backend that was ended while its connection lay in the pool, told of only in the next query.
        raise Unavailable("Postgres", _first_line(error)) from error
    except asyncpg.PostgresError as error:
        state = getattr(error, "sqlstate", None) or ""
        if state.startswith(_UNSTORABLE_CLASSES):
            raise Unstorable(_first_line(error)) from error
        if state.startswith(_TRANSIENT_CLASSES):
            raise Unavailable("Postgres", _first_line(error)) from error
        raise


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


async def _keep_session(_: asyncpg.Connection) -> None:
    """Nothing to reset between uses: no query of ours changes its session. Saves a round trip a use."""


class Database:
    """A pool of connections in one role (`annals_writer`, `annals_reader`, or None: as the account itself)."""

    def __init__(self, url: str, *, role: str | None, connections: int) -> None:
        self._url = url
        self._role = role
        self._connections = connections
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Connect. Raises Unavailable."""
        with faults_sorted():
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._connections,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                max_inactive_connection_lifetime=300,
                server_settings=SESSION_SETTINGS | ({"role": self._role} if self._role else {}),
                reset=_keep_session,
            )

    async def close(self) -> None:
        """Close all connections; does not wait for what hangs."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection for one piece of work. Raises Unavailable when none is to be had in time."""
        if self._pool is None:
            raise Unavailable("Postgres", "the pool is not open")
        with faults_sorted():
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS) as connection:
                try:
                    yield connection
                except asyncpg.InternalClientError:
                    connection.terminate()  # its protocol is out of step: no use to anybody
                    raise

    async def rows(self, name: str, *arguments: Any) -> list[Any]:
        """The rows of a named query."""
        async with self.connection() as connection:
            found: list[Any] = await connection.fetch(sql(name), *arguments)
            return found

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
