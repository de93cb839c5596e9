"""Every role by every table, column, statement and function, tried on the server by a login that has only that role."""

from typing import Any

import asyncpg
import pytest

from infra.postgres.roles import AUDIT, COMMAND, OWNER, READER, ROLES, SAGA, WRITER
from tests.logins import connected, login
from tests.postgres.granted import GRANTEES, columns_of, functions_of

_COLUMNS = """
SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
 WHERE relnamespace = 'annals'::regnamespace AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
"""
_CALLS = """
SELECT proname, format('SELECT annals.%I(%s)', proname,
                       array_to_string(array_fill('NULL'::text, ARRAY[pronargs::int]), ', ')) AS call
  FROM pg_proc WHERE pronamespace = 'annals'::regnamespace AND prorettype <> 'trigger'::regtype
"""

# A view is not written and not truncated, and a generated value not given, whoever asks.
_NOBODY_CAN = (
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.WrongObjectTypeError,
    asyncpg.GeneratedAlwaysError,
)


async def is_allowed(connection: Any, statement: str) -> bool:
    """Whether the server lets the login run it. What it does is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, *_NOBODY_CAN):
        return False
    except asyncpg.PostgresError:
        return True  # refused for another reason, such as a row that lacks a value
    finally:
        await transaction.rollback()
    return True


@pytest.mark.parametrize("role", GRANTEES)
async def test_of_tables_and_columns(url: str, onlooker: Any, role: str) -> None:
    columns: dict[str, set[str]] = {}
    for table, column in await onlooker.fetch(_COLUMNS):
        columns.setdefault(table, set()).add(column)
    wrong = []
    async with login(onlooker, url, f"IN ROLE {role}") as own, connected(own) as connection:
        for table, names in columns.items():
            tried = {
                **{("SELECT", name): f'SELECT "{name}" FROM annals.{table}' for name in names},  # noqa: S608
                **{("UPDATE", name): f'UPDATE annals.{table} SET "{name}" = DEFAULT' for name in names},  # noqa: S608
                **{("INSERT", name): f'INSERT INTO annals.{table} ("{name}") VALUES (DEFAULT)' for name in names},  # noqa: S608
                ("DELETE", ""): f"DELETE FROM annals.{table}",  # noqa: S608
                ("TRUNCATE", ""): f"TRUNCATE annals.{table}",
                ("OWN", ""): f"ALTER TABLE annals.{table} ADD more integer",
            }
            for (right, column), statement in tried.items():
                granted = columns_of(role, table, right)
                may = "*" in granted or column in granted
                if await is_allowed(connection, statement) != may:
                    wrong.append(f"{right} {table} {column}: {'refused' if may else 'allowed'}")
    assert wrong == []


@pytest.mark.parametrize("role", GRANTEES)
async def test_of_functions(url: str, onlooker: Any, role: str) -> None:
    calls = {row["proname"]: row["call"] for row in await onlooker.fetch(_CALLS)}
    async with login(onlooker, url, f"IN ROLE {role}") as own, connected(own) as connection:
        # A function that may be called may still lack rights of its own: only the call counts here.
        allowed = set()
        for name, call in calls.items():
            try:
                await connection.execute(call)
            except asyncpg.InsufficientPrivilegeError as error:
                if f"function {name}" in str(error):
                    continue
            except asyncpg.PostgresError:
                pass
            allowed.add(name)
    assert allowed == functions_of(role)


@pytest.mark.parametrize("role", GRANTEES)
async def test_no_login_gets_more_by_leaving_its_role_or_by_taking_another(url: str, onlooker: Any, role: str) -> None:
    """The pool's SET ROLE is no lock: who speaks to the database can undo it."""
    async with login(onlooker, url, f"IN ROLE {role}") as own, connected(own) as connection:
        await connection.execute(f"SET ROLE {role}")
        await connection.execute("SET ROLE NONE")
        for statement in (
            "SELECT secret FROM annals.credentials",
            "DELETE FROM annals.events",
            "SET session_replication_role = replica",
            "ALTER TABLE annals.events DISABLE TRIGGER append_only",
            "CREATE TABLE annals.more (id integer)",
            "CREATE TEMPORARY TABLE more (id integer)",
            "COPY annals.migrations TO PROGRAM 'cat'",
            "SELECT pg_read_file('/etc/passwd')",
            f"SET ROLE {OWNER}",
            "SET ROLE annals",
        ):
            assert not await is_allowed(connection, statement), statement


@pytest.mark.parametrize("role", [COMMAND, SAGA, AUDIT, READER, WRITER])
async def test_nobody_reads_a_password_hash_by_the_statement_that_replaces_it(
    url: str, onlooker: Any, role: str
) -> None:
    await onlooker.execute("INSERT INTO annals.credentials VALUES ('users', 'ada', '$argon2id$hidden')")
    keep = (
        "INSERT INTO annals.credentials (context, stream_id, secret) VALUES ('users', 'ada', 'x')"
        " ON CONFLICT (context, stream_id) DO UPDATE SET "
    )
    async with login(onlooker, url, f"IN ROLE {role}") as own, connected(own) as connection:
        for statement in (
            f"{keep} secret = excluded.secret RETURNING secret",
            f"{keep} secret = credentials.secret || excluded.secret",
            f"{keep} secret = excluded.secret WHERE credentials.secret LIKE '$argon2id$h%'",
            "DELETE FROM annals.credentials WHERE secret LIKE '$argon2id$h%'",
            "DELETE FROM annals.credentials RETURNING secret",
            "UPDATE annals.credentials SET stream_id = secret",
            "SELECT credentials FROM annals.credentials",
            "COPY annals.credentials TO STDOUT",
        ):
            assert not await is_allowed(connection, statement), statement
    assert role not in (COMMAND, WRITER) or columns_of(role, "credentials", "INSERT")


async def test_who_has_no_role_may_not_even_connect(url: str, onlooker: Any) -> None:
    async with login(onlooker, url) as own:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(own, timeout=10)


async def test_nobody_logs_in_as_a_role_itself(onlooker: Any) -> None:
    rows = await onlooker.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND rolcanlogin", list(ROLES))
    assert rows == []


async def test_everything_in_the_schema_belongs_to_the_owner_without_a_login(onlooker: Any) -> None:
    owners = await onlooker.fetch(
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'annals'"
        " UNION SELECT relowner::regrole::text FROM pg_class WHERE relnamespace = 'annals'::regnamespace"
        " UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'annals'::regnamespace"
        " UNION SELECT typowner::regrole::text FROM pg_type WHERE typnamespace = 'annals'::regnamespace"
    )
    assert [tuple(row) for row in owners] == [(OWNER,)]
