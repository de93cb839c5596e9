"""Migrations: numbered SQL files, each applied once in a transaction of its own, under an advisory lock.

A file's SHA-256 is kept beside its number: an applied file that has been edited since is an error, not a surprise.
"""

import asyncpg

from infra.postgres.faults import connecting, faults_sorted, place_of
from infra.postgres.migration_files import Migration, migrations
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, sessions_for

LOCK_KEY = 0x616E6E616C73  # "annals"
MIGRATION_TIMEOUT_SECONDS = 300.0

_PREPARE = """
CREATE SCHEMA IF NOT EXISTS annals;
CREATE TABLE IF NOT EXISTS annals.migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""


class MigrationChanged(Exception):
    """An applied migration's file has been edited. Restore it; put the change into a new file with the next number."""

    def __init__(self, migration: Migration) -> None:
        super().__init__(
            f"migration {migration.file_name} was edited after it had been applied; "
            "restore the file and write a new migration for the change"
        )
        self.migration = migration


class MigrationFailed(Exception):
    """A migration is wrong for this database; nothing of it was applied. It is a fault of this version of Annals."""

    def __init__(self, migration: Migration, explanation: str) -> None:
        super().__init__(
            f"migration {migration.file_name} failed and nothing of it was applied: {explanation}; "
            "it is a fault of this version of Annals: stay with the one before, and report it"
        )
        self.migration = migration


class DatabaseAhead(Exception):
    """The database has migrations that this version of Annals does not know. Run the newer version."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__(f"the database has migrations {numbers} that this version of Annals does not know")
        self.numbers = numbers


async def migrate(url: str) -> list[Migration]:
    """Bring the database up to date; returns what was applied now.

    Raises Unavailable, MigrationChanged, MigrationFailed or DatabaseAhead. Several processes may call it at once: one
    works, the others wait and find nothing left to do.
    """
    with connecting(place_of(url)):
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=MIGRATION_TIMEOUT_SECONDS,
            **sessions_for(url, writes=True),
        )
    with faults_sorted(place_of(url)):
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
            await connection.execute(_PREPARE)
            return await _apply(connection)
        finally:
            await connection.close(timeout=COMMAND_TIMEOUT_SECONDS)


async def _apply(connection: asyncpg.Connection) -> list[Migration]:
    rows = await connection.fetch("SELECT number, checksum FROM annals.migrations")
    applied = {row["number"]: row["checksum"] for row in rows}
    known = migrations()
    ahead = sorted(applied.keys() - {migration.number for migration in known})
    if ahead:
        raise DatabaseAhead(ahead)
    done = []
    for migration in known:
        if migration.number in applied:
            if applied[migration.number] != migration.checksum:
                raise MigrationChanged(migration)
            continue
        async with connection.transaction():
            try:
                await connection.execute(migration.text)
            except asyncpg.InsufficientPrivilegeError:
                raise  # not the migration's fault: the account's
            except asyncpg.SyntaxOrAccessError as error:
                raise MigrationFailed(migration, str(error).splitlines()[0]) from error
            await connection.execute(
                "INSERT INTO annals.migrations (number, name, checksum) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.checksum,
            )
        done.append(migration)
    return done
