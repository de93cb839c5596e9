"""Of several processes one works and the others stand by: an advisory lock, which ends with its session."""

from typing import Any

import asyncpg

from infra.postgres.faults import connecting, faults_sorted, place_of
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, SESSION_SETTINGS, sessions_for


class Turn:
    """This process's turn at the work with this number in this database. Keeps a connection of its own."""

    def __init__(self, url: str, number: int) -> None:
        self._url = url
        self._number = number
        self._connection: Any = None

    async def taken(self) -> bool:
        """Whether this process has the turn. Takes it when it is free. Gives the turn up when it raises Unavailable."""
        place = place_of(self._url)
        if self._connection is None:
            with connecting(place):
                self._connection = await asyncpg.connect(
                    self._url,
                    timeout=CONNECT_TIMEOUT_SECONDS,
                    command_timeout=COMMAND_TIMEOUT_SECONDS,
                    server_settings=SESSION_SETTINGS,
                    **sessions_for(self._url, writes=False),
                )
        with faults_sorted(place):
            try:
                return await self._is_ours()
            except BaseException:
                self.give_up()
                raise

    async def _is_ours(self) -> bool:
        # A session may acquire the same lock several times: so ask first.
        lock = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
        if await self._connection.fetchval(lock):
            return True
        ours: bool = await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", self._number)
        return ours

    def give_up(self) -> None:
        """Give the turn to another process."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
