"""Brings a database's schema to this version: first the numbered migrations, each once, then the functions.

An advisory lock keeps several processes apart. The SHA-256 of each file is kept in the database (annals.migrations,
annals.functions).

Each migration has a transaction of its own. One that was edited after it had been applied is an error.

A function's file always holds its current body: when it was edited, the function is replaced. One whose arguments or
result have changed is dropped and created again, in one transaction with all other changes of functions. While a
release goes out, workers of the version before call the new function. They pass arguments by name: so a new argument
needs a default, and an argument stays until no worker passes it any more. A migration that cannot keep to that says at
its top that workers of the release before are to be stopped first. A function without a file stays until a
migration drops it. No two versions of a function may have the same text, as the text tells an earlier version from a
later one: to go back to an earlier body, write another comment.
"""

import asyncpg

from infra.postgres.faults import connecting, faults_sorted, place_of
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, sessions_for
from infra.postgres.schema_errors import DatabaseAhead, DatabaseTooOld, MigrationChanged, MigrationFailed
from infra.postgres.schema_files import Function, Migration, functions, is_of_earlier_history, migrations

LOCK_KEY = 0x616E6E616C73  # "annals"
# A migration may write every row of a table again.
MIGRATION_TIMEOUT_SECONDS = 4 * 3600.0

_CREATE_RECORDS = """
CREATE SCHEMA IF NOT EXISTS annals;
CREATE TABLE IF NOT EXISTS annals.migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE annals.migrations IS 'Which numbered migrations were applied.';
CREATE TABLE IF NOT EXISTS annals.functions (
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, checksum)
);
COMMENT ON TABLE annals.functions IS 'Every text of each function that was applied. The last one is in the database.';
"""
_TABLES = "SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname = 'annals'"
_FUNCTION_TEXTS = "SELECT name, checksum FROM annals.functions ORDER BY applied_at"
_SIGNATURES = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'annals'::regnamespace AND proname = $1"
# A function could not be replaced. It has another result, or other names of the same arguments; or there are two of it
# now, because the types of the arguments differ, and the rights of the file could be meant for either.
_OTHER_SIGNATURE = (asyncpg.InvalidFunctionDefinitionError, asyncpg.AmbiguousFunctionError)


async def migrate(url: str) -> list[str]:
    """Bring the database up to date; returns the files that were applied now, as `0001_event_store`.

    Raises Unavailable, MigrationChanged, MigrationFailed, DatabaseTooOld or DatabaseAhead. Several processes may call
    it at once: one works, the others wait and find nothing left to do.
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
            await _refuse_too_old(connection, place_of(url))
            await connection.execute(_CREATE_RECORDS)
            return [*await _apply_migrations(connection), *await _apply_functions(connection)]
        finally:
            await connection.close(timeout=COMMAND_TIMEOUT_SECONDS)


async def _refuse_too_old(connection: asyncpg.Connection, place: str) -> None:
    tables = {row["relname"] for row in await connection.fetch(_TABLES)}
    if "migrations" not in tables:
        if tables:
            raise DatabaseTooOld(place)
        return
    names = {
        (row["number"], row["name"]) for row in await connection.fetch("SELECT number, name FROM annals.migrations")
    }
    if is_of_earlier_history(names):
        raise DatabaseTooOld(place)


async def _apply_migrations(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("SELECT number, checksum FROM annals.migrations")
    applied = {row["number"]: row["checksum"] for row in rows}
    ours = migrations()
    ahead = sorted(applied.keys() - {migration.number for migration in ours})
    if ahead:
        raise DatabaseAhead(f"migrations {ahead}")
    done = []
    for migration in ours:
        if migration.number in applied:
            if applied[migration.number] != migration.checksum:
                raise MigrationChanged(migration.file_name)
            continue
        async with connection.transaction():
            await _run(connection, migration)
            await connection.execute(
                "INSERT INTO annals.migrations (number, name, checksum) VALUES ($1, $2, $3)",
                *(migration.number, migration.name, migration.checksum),
            )
        done.append(migration.file_name)
    return done


async def _apply_functions(connection: asyncpg.Connection) -> list[str]:
    """In one transaction: functions call one another."""
    rows = await connection.fetch(_FUNCTION_TEXTS)
    texts = {(row["name"], row["checksum"]) for row in rows}
    latest = {row["name"]: row["checksum"] for row in rows}
    changed = [function for function in functions() if latest.get(function.name) != function.checksum]
    ahead = sorted(function.name for function in changed if (function.name, function.checksum) in texts)
    if ahead:
        raise DatabaseAhead(f"later texts of the functions {', '.join(ahead)}")
    async with connection.transaction():
        for function in changed:
            await _replace(connection, function)
            await connection.execute(
                "INSERT INTO annals.functions (name, checksum) VALUES ($1, $2)", function.name, function.checksum
            )
    return [function.file_name for function in changed]


async def _replace(connection: asyncpg.Connection, function: Function) -> None:
    try:
        async with connection.transaction():
            await _run(connection, function)
    except MigrationFailed as error:
        if not isinstance(error.__cause__, _OTHER_SIGNATURE):
            raise
        for signature in await connection.fetch(_SIGNATURES, function.name):
            await connection.execute(f"DROP FUNCTION {signature['oid']}")
        await _run(connection, function)


async def _run(connection: asyncpg.Connection, file: Migration | Function) -> None:
    try:
        await connection.execute(file.text)
    except asyncpg.InsufficientPrivilegeError:
        raise  # the account's fault, not the file's
    except asyncpg.SyntaxOrAccessError as error:
        raise MigrationFailed(file.file_name, str(error).splitlines()[0]) from error
