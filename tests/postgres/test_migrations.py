"""Migrations are applied once, in order, also when several processes migrate; the schema is protected from changes."""

import asyncio
from typing import Any

import asyncpg
import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.faults import SchemaMissing
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.schema_errors import DatabaseAhead, MigrationChanged, MigrationFailed
from infra.postgres.schema_files import Migration, functions, migrations, rights
from tests.postgres.batches import LANE, everything, tables
from workers.ports.lanes import Unavailable

NUMBERS = [migration.number for migration in migrations()]
FILES = [*(file.file_name for file in migrations()), *(file.file_name for file in functions()), rights().file_name]


async def numbers_applied(url: str) -> list[int]:
    """In the order in which they were applied, each as often as it was."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [row[0] for row in await connection.fetch("SELECT number FROM annals.migrations ORDER BY applied_at")]
    finally:
        await connection.close(timeout=10)


async def test_are_applied_in_order_and_once(empty_url: str) -> None:
    assert sorted(set(NUMBERS)) == NUMBERS
    assert await migrate(empty_url) == FILES
    assert await migrate(empty_url) == []
    assert await numbers_applied(empty_url) == NUMBERS


async def test_are_applied_once_by_several_processes(empty_url: str) -> None:
    done = await asyncio.gather(*[migrate(empty_url) for _ in range(4)])
    assert sorted(len(applied) for applied in done) == [0, 0, 0, len(FILES)]
    assert await numbers_applied(empty_url) == NUMBERS


async def test_only_the_new_ones_are_applied(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Migration(NUMBERS[-1] + 1, "more", "CREATE TABLE annals.more (id integer)")
    later = [*migrations(), new]
    monkeypatch.setattr("infra.postgres.migrate.migrations", lambda: later)
    assert await migrate(url) == [new.file_name]


async def test_one_that_fails_leaves_nothing_of_itself(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Migration(NUMBERS[-1] + 1, "broken", "CREATE TABLE annals.half (id integer); SELECT no_such_function()")
    later = [*migrations(), broken]
    monkeypatch.setattr("infra.postgres.migrate.migrations", lambda: later)
    for _ in range(2):
        with pytest.raises(MigrationFailed, match="no_such_function"):
            await migrate(url)
    assert await numbers_applied(url) == NUMBERS


async def test_an_applied_one_may_not_be_edited(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = migrations()
    edited = first._replace(text=first.text + "\n-- a word more")
    monkeypatch.setattr("infra.postgres.migrate.migrations", lambda: [edited, *others])
    with pytest.raises(MigrationChanged) as caught:
        await migrate(url)
    assert caught.value.file_name == edited.file_name
    assert f"{first.number:04d}_{first.name}" in str(caught.value)


async def test_a_newer_database_is_left_alone(url: str, onlooker: Any) -> None:
    await onlooker.execute("INSERT INTO annals.migrations (number, name, checksum) VALUES (9001, 'future', '')")
    with pytest.raises(DatabaseAhead) as caught:
        await migrate(url)
    assert "migrations [9001]" in str(caught.value)


async def test_a_schema_of_an_older_version_is_rejected_and_one_of_a_newer_is_not(url: str, onlooker: Any) -> None:
    """Before anything is done with it; a newer one is what the pods of this version meet during a deployment."""
    last = migrations()[-1]
    await onlooker.execute("DELETE FROM annals.migrations WHERE number = $1", last.number)
    for role in ("annals_writer", "annals_reader"):
        database = Database(url, role=role, connections=1)
        with pytest.raises(SchemaMissing, match=f"the schema lacks {last.file_name} ") as caught:
            await database.open()
        assert "annals migrate" in caught.value.advice
        with pytest.raises(Unavailable, match="not open"):
            await database.now()
    await onlooker.execute(
        "INSERT INTO annals.migrations (number, name, checksum) VALUES ($1, $2, ''), (9001, '', '')",
        last.number,
        last.name,
    )
    database = Database(url, role="annals_writer", connections=1)
    await database.open()
    await database.close()


async def test_a_server_that_is_away_is_unavailable(closed_port: str) -> None:
    with pytest.raises(Unavailable):
        await migrate(closed_port)


@pytest.mark.parametrize("role", ["origin", "replica", "local"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annals.events SET type = 'UserDeleted'",
        "DELETE FROM annals.events",
        "DELETE FROM annals.events WHERE false",
        "TRUNCATE annals.events",
        "TRUNCATE annals.events CASCADE",
        "INSERT INTO annals.events SELECT * FROM annals.events ON CONFLICT ON CONSTRAINT events_stream"
        " DO UPDATE SET type = 'UserDeleted'",
    ],
)
async def test_the_events_reject_every_change_also_by_a_superuser(
    database: Database, onlooker: Any, statement: str, role: str
) -> None:
    store = PostgresEventStore(database)
    await store.acquire(LANE, "owner")
    await store.commit(everything())
    before = await tables(onlooker)
    assert await onlooker.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    await onlooker.execute(f"SET session_replication_role = {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await onlooker.execute(statement)
    assert await tables(onlooker) == before
