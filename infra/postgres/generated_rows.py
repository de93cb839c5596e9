"""Rows in great numbers for `annals bench flat`: copies of a real row that the database makes, with ids of their own.

They are in partitions where no lane is. So tables and indexes grow as by real rows, while lanes and log stay as they
are. Which columns a table has is asked of the database: the schema may be that of another version.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from infra.postgres.pool import Database

TABLES = ("events", "commands", "unique_claims")
"""Those that grow by a row with each create."""
ROWS_A_STATEMENT = 100_000
STATEMENT_TIMEOUT_SECONDS = 600.0
PARTITION = 1_000_000
_FIRST_MILLISECOND = 1_700_000_000_000  # in 2023; since 1970


def _ordered_id(seed: str) -> str:
    """SQL for an id of version 7 (RFC 9562), as the clients make them: the rows are a millisecond apart. Ids in any
    order touch several index pages for each row, which an installation with 10 million real rows does not.
    """
    digits = f"md5({seed})"
    return (
        f"(lpad(to_hex({_FIRST_MILLISECOND} + n), 12, '0') || '7' || substr({digits}, 1, 3) || '8' "
        f"|| substr({digits}, 4, 15))::uuid"
    )


# By column, what is not copied: `n` is the number of the row, `template` the real one.
_OF_A_COMMAND = _ordered_id("'command' || n")
_NEW_STREAM = {
    "partition": f"{PARTITION}",
    "sequence": "n",
    "stream_id": _ordered_id("'stream' || n"),
    "event_id": "md5('event' || n)::uuid",
    "command_id": _OF_A_COMMAND,
    "correlation_id": f"CASE WHEN template.correlation_id IS NOT NULL THEN {_OF_A_COMMAND} END",
    "causation_id": f"CASE WHEN template.causation_id IS NOT NULL THEN {_OF_A_COMMAND} END",
    "key": "md5('stream' || n) || '@example.org'",
}
_SAME_STREAM = {
    **{name: value for name, value in _NEW_STREAM.items() if name != "stream_id"},
    "stream_version": "n",
    "event_id": "md5(template.stream_id || n)::uuid",
    "command_id": "md5(template.stream_id || 'command' || n)::uuid",
}


class GeneratedRows:
    """Every method raises Unavailable. The account must own the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grow(self, context: str, first: int, last: int) -> None:
        """Add rows with these numbers to each table: of each number a stream with one event, the command that led to
        it, and its claim.
        """
        for table in TABLES:
            template = f"SELECT * FROM annals.{table} WHERE context = $3 LIMIT 1"  # noqa: S608  # a name of ours
            await self._insert(table, template, _NEW_STREAM, first, last, context)

    async def lengthen(self, context: str, stream_id: str, first: int, last: int, partition: int) -> None:
        """Repeat the last event of a stream, as its versions `first` to `last`. `partition`: one for each stream."""
        template = """
            SELECT * FROM annals.events WHERE context = $3 AND stream_id = $4 ORDER BY stream_version DESC LIMIT 1
        """
        changes = _SAME_STREAM | {"partition": str(PARTITION + partition)}
        await self._insert("events", template, changes, first, last, context, stream_id)

    async def settle(self) -> None:
        """Do now what the server would do in the background later: vacuum, statistics, a checkpoint if the account
        may make one.
        """
        async with self._unhurried() as connection:
            for table in TABLES:
                await connection.execute(f"VACUUM (ANALYZE) annals.{table}", timeout=STATEMENT_TIMEOUT_SECONDS)
            with suppress(asyncpg.InsufficientPrivilegeError):  # the right of a superuser and of pg_checkpoint
                await connection.execute("CHECKPOINT", timeout=STATEMENT_TIMEOUT_SECONDS)

    @asynccontextmanager
    async def _unhurried(self) -> AsyncIterator[Any]:
        """A connection whose statements may take long."""
        async with self._database.connection() as connection:
            await connection.execute("SET statement_timeout = 0")
            try:
                yield connection
            finally:
                await connection.execute("RESET statement_timeout")  # others use this connection afterwards

    async def _insert(
        self, table: str, template: str, changes: dict[str, str], first: int, last: int, *arguments: str
    ) -> None:
        async with self._unhurried() as connection:
            columns = await connection.fetch(
                "SELECT quote_ident(attname) AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
                "WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
                "AND attidentity = ''",
                f"annals.{table}",
            )
            values = [
                f"({changes[column['name']]})::{column['type']}"
                if column["name"] in changes
                else f"template.{column['name']}"
                for column in columns
            ]
            statement = (
                f"INSERT INTO annals.{table} ({', '.join(column['name'] for column in columns)}) "  # noqa: S608  # ours
                f"SELECT {', '.join(values)} FROM ({template}) AS template "
                "CROSS JOIN generate_series($1::bigint, $2::bigint) AS n"
            )
            for start in range(first, last + 1, ROWS_A_STATEMENT):
                end = min(start + ROWS_A_STATEMENT - 1, last)
                await connection.execute(statement, start, end, *arguments, timeout=STATEMENT_TIMEOUT_SECONDS)
