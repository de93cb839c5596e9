"""Brings a database's schema to this version: first the roles that are missing, then the numbered migrations, each
once, then the functions and the rights.

An advisory lock keeps several processes apart. The SHA-256 of each file is kept in the database (annals.migrations,
annals.functions).

Each migration has a transaction of its own. One that was edited after it had been applied is an error. Once the schema
belongs to the role annals_owner, all of it is done in that role.

A function's file always holds its current body: when it was edited, the function is replaced. One whose arguments or
result have changed is dropped and created again, in one transaction with all other changes of functions. While a
release goes out, workers of the version before call the new function. They pass arguments by name: so a new argument
needs a default, and an argument stays until no worker passes it any more. A migration that cannot keep to that says at
its top that workers of the release before are to be stopped first. A function without a file stays until a
migration drops it. No two versions of a function may have the same text, as the text tells an earlier version from a
later one: to go back to an earlier body, write another comment.
"""

import asyncpg

from infra.postgres.faults import connecting, faults_sorted, first_line, place_of
from infra.postgres.ownership import become_owner, close_to_public, require_rights
from infra.postgres.pool import COMMAND_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS, sessions_for
from infra.postgres.roles import make_roles
from infra.postgres.schema_errors import DatabaseAhead, DatabaseTooOld, MigrationChanged, MigrationFailed, RightMissing
from infra.postgres.schema_files import (
    EARLIER_TEXTS,
    Function,
    Migration,
    Rights,
    functions,
    is_of_earlier_history,
    migrations,
    rights,
)

LOCK_KEY = 0x616E6E616C73  # "annals"
# A migration may write every row of a table again.
MIGRATION_TIMEOUT_SECONDS = 4 * 3600.0

_CREATE_SCHEMA = "CREATE SCHEMA annals"
_CREATE_RECORDS = """
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

    Raises Unavailable, MigrationChanged, MigrationFailed, DatabaseTooOld, DatabaseAhead, or RightMissing when the login
    may not do what is to be done. Several processes may call it at once: one works, the others wait and find nothing
    left to do.
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
            return await _brought_up_to_date(connection, place_of(url))
        except asyncpg.InsufficientPrivilegeError as error:
            raise RightMissing(first_line(error), ["GRANT annals_owner TO the login of ANNALS_DATABASE_URL"]) from error
        finally:
            await connection.close(timeout=COMMAND_TIMEOUT_SECONDS)


async def _brought_up_to_date(connection: asyncpg.Connection, place: str) -> list[str]:
    await require_rights(connection)
    await _refuse_too_old(connection, place)
    await make_roles(connection)
    if not await become_owner(connection):
        await connection.execute(_CREATE_SCHEMA)
    await connection.execute(_CREATE_RECORDS)
    applied = await _apply_migrations(connection)
    applied += await _apply_functions(connection, are_rights_due=bool(applied))
    await close_to_public(connection)
    return applied


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
            texts = EARLIER_TEXTS.get(migration.number, frozenset()) | {migration.checksum}
            if applied[migration.number] not in texts:
                raise MigrationChanged(migration.file_name)
            continue
        async with connection.transaction():
            await _run(connection, migration)
            await connection.execute(
                "INSERT INTO annals.migrations (number, name, checksum) VALUES ($1, $2, $3)",
                *(migration.number, migration.name, migration.checksum),
            )
        await become_owner(connection)
        done.append(migration.file_name)
    return done


async def _apply_functions(connection: asyncpg.Connection, *, are_rights_due: bool) -> list[str]:
    """In one transaction: functions call one another, and one that is created again has no rights."""
    rows = await connection.fetch(_FUNCTION_TEXTS)
    texts = {(row["name"], row["checksum"]) for row in rows}
    latest = {row["name"]: row["checksum"] for row in rows}
    files: list[Function | Rights] = [*functions(), rights()]
    changed = [file for file in files if latest.get(file.name) != file.checksum]
    ahead = sorted(file.name for file in changed if (file.name, file.checksum) in texts)
    if ahead:
        raise DatabaseAhead(f"later texts of the functions {', '.join(ahead)}")
    if not changed and not are_rights_due:
        return []
    async with connection.transaction():
        for file in changed:
            if isinstance(file, Function):
                await _replace(connection, file)
            await connection.execute(
                "INSERT INTO annals.functions (name, checksum) VALUES ($1, $2)", file.name, file.checksum
            )
        await _run(connection, rights())
    return [file.file_name for file in changed]


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


async def _run(connection: asyncpg.Connection, file: Migration | Function | Rights) -> None:
    try:
        await connection.execute(file.text)
    except asyncpg.InsufficientPrivilegeError:
        raise  # the account's fault, not the file's
    except asyncpg.SyntaxOrAccessError as error:
        raise MigrationFailed(file.file_name, str(error).splitlines()[0]) from error
