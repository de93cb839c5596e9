"""Migrations are applied once, in order, whoever else is at it; what they made cannot be changed by the back door."""

import asyncio
from typing import Any

import asyncpg
import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.migrate import DatabaseAhead, MigrationChanged, MigrationFailed, migrate
from infra.postgres.migration_files import Migration, migrations
from infra.postgres.pool import Database
from tests.postgres.batches import LANE, everything, tables
from workers.ports.lanes import Unavailable

NUMBERS = [migration.number for migration in migrations()]


async def numbers_applied(url: str) -> list[int]:
    """In the order in which they were applied, each as often as it was."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [row[0] for row in await connection.fetch("SELECT number FROM annals.migrations ORDER BY applied_at")]
    finally:
        await connection.close(timeout=10)


async def test_are_applied_in_order_and_once(empty_url: str) -> None:
    assert sorted(set(NUMBERS)) == NUMBERS
    assert [migration.number for migration in await migrate(empty_url)] == NUMBERS
    assert await migrate(empty_url) == []
    assert await numbers_applied(empty_url) == NUMBERS


async def test_are_applied_once_by_several_processes(empty_url: str) -> None:
    done = await asyncio.gather(*[migrate(empty_url) for _ in range(4)])
    assert sorted(len(applied) for applied in done) == [0, 0, 0, len(NUMBERS)]
    assert await numbers_applied(empty_url) == NUMBERS


async def test_only_the_new_ones_are_applied(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Migration(NUMBERS[-1] + 1, "more", "CREATE TABLE annals.more (id integer)")
    known = [*migrations(), new]
    monkeypatch.setattr("infra.postgres.migrate.migrations", lambda: known)
    assert await migrate(url) == [new]


async def test_what_sagas_have_taken_before_0012_they_have_followed_from_the_first_event_on(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [each for each in migrations() if each.number < 12]
    with monkeypatch.context() as patched:
        patched.setattr("infra.postgres.migrate.migrations", lambda: before)
        await migrate(empty_url)
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        await connection.execute(
            "INSERT INTO annals.lanes (role, topic, partition, input_sequence) VALUES"
            " ('saga', 'x.users.events', 0, 7), ('saga', 'x.users.events', 1, 3), ('saga', 'x.orders.events', 0, 9),"
            " ('command', 'x.users.commands', 0, 0)"
        )
        await connection.execute(
            "INSERT INTO annals.saga_journal (saga, instance_id, version, type, context, partition, sequence, event_id,"
            " recorded_at, status) VALUES ('welcome', 'ada', 1, 'users.UserCreated.v1', 'users', 0, 1,"
            " gen_random_uuid(), now(), 'wait'),"
            " ('welcome', 'ada', 2, 'core.DeadlinePassed.v1', 'core', 0, 0, gen_random_uuid(), now(), 'welcome')"
        )
        await migrate(empty_url)
        rows = await connection.fetch(
            "SELECT saga, event_type, topic, partition, after_sequence FROM annals.saga_beginnings"
        )
        assert sorted(map(tuple, rows)) == [
            ("welcome", "UserCreated", "x.users.events", 0, 0),
            ("welcome", "UserCreated", "x.users.events", 1, 0),
        ]
    finally:
        await connection.close(timeout=10)


async def test_one_that_fails_leaves_nothing_of_itself(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Migration(NUMBERS[-1] + 1, "broken", "CREATE TABLE annals.half (id integer); SELECT no_such_function()")
    known = [*migrations(), broken]
    monkeypatch.setattr("infra.postgres.migrate.migrations", lambda: known)
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
    assert caught.value.migration == edited
    assert f"{first.number:04d}_{first.name}" in str(caught.value)


async def test_a_newer_database_is_left_alone(url: str, onlooker: Any) -> None:
    await onlooker.execute("INSERT INTO annals.migrations (number, name, checksum) VALUES (9001, 'future', '')")
    with pytest.raises(DatabaseAhead) as caught:
        await migrate(url)
    assert caught.value.numbers == [9001]


async def test_a_server_that_is_away_is_unavailable(nobody: str) -> None:
    with pytest.raises(Unavailable):
        await migrate(nobody)


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
async def test_the_events_refuse_every_change_also_by_a_superuser(
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
