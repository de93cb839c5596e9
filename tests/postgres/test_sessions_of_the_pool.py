"""What the pool asks for in each session, and which connections it keeps."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
import pytest_asyncio

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.faults import SchemaMissing, connecting, faults_sorted
from infra.postgres.migrate import migrate
from infra.postgres.pool import SESSION_SETTINGS, Database
from tests.postgres.batches import LANE, everything
from tests.waiting import until
from workers.ports.lanes import LaneKey, Unavailable

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest_asyncio.fixture
async def read_only(onlooker: Any) -> AsyncIterator[Any]:
    """Make the database of the test read-only for sessions from now on (True), or let it write again (False)."""
    name = await onlooker.fetchval("SELECT current_database()")

    async def switch(on: bool, *, end_backends: bool = False) -> None:
        await onlooker.execute("SET transaction_read_only = off")
        await onlooker.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
        if end_backends:
            await onlooker.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")

    yield switch
    await switch(False)


def at(url: str, **changes: str) -> str:
    """The URL with other parts."""
    return urlunsplit(urlsplit(url)._replace(**changes))


async def test_a_paused_owner_of_a_row_is_ended_so_that_the_next_one_gets_in(
    url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "5s"
    monkeypatch.setitem(SESSION_SETTINGS, "idle_in_transaction_session_timeout", "200ms")
    paused = Database(url, role="annals_writer", connections=1)
    await paused.open()
    try:
        await PostgresEventStore(database).acquire(LANE, "owner")
        async with paused.connection() as connection:
            await connection.execute("BEGIN")
            await connection.execute("UPDATE annals.lanes SET epoch = epoch")
            # Waits for the lock until the paused session has been ended.
            assert (await PostgresEventStore(database).acquire(LANE, "next")).epoch == 2
            with pytest.raises(Unavailable), faults_sorted():
                await connection.fetchval("SELECT 1")
        assert (await PostgresEventStore(paused).acquire(LANE, "again")).epoch == 3, "the pool found a new connection"
    finally:
        await paused.close()


async def test_two_that_wait_for_each_other_try_again(database: Database) -> None:
    store = PostgresEventStore(database)
    other = LaneKey("command", LANE.topic, 1)
    for lane in (LANE, other):
        await store.acquire(lane, "owner")
    both = asyncio.Barrier(2)

    async def lock(first: LaneKey, second: LaneKey) -> None:
        async with database.connection() as connection, connection.transaction():
            for lane in (first, second):
                await connection.execute(
                    "UPDATE annals.lanes SET epoch = epoch WHERE topic = $1 AND partition = $2", *lane[1:]
                )
                if lane is first:
                    await both.wait()

    ends = await asyncio.gather(lock(LANE, other), lock(other, LANE), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [Unavailable]


async def test_a_database_that_only_reads_is_waited_for_and_left(url: str, database: Database, read_only: Any) -> None:
    store = PostgresEventStore(database)
    await store.acquire(LANE, "owner")
    async with database.connection() as connection:
        await connection.execute("SET default_transaction_read_only = on")  # the old primary, read-only by now
        before = await connection.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(Unavailable, match="read-only") as caught:
        await store.commit(everything())
    assert caught.value.advice
    # The next connection is a new one, and finds the new primary.
    await store.commit(everything())
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != before


async def test_a_worker_does_not_even_connect_to_a_server_that_only_reads(
    url: str, database: Database, read_only: Any
) -> None:
    store = PostgresEventStore(database)
    await store.acquire(LANE, "owner")
    await read_only(True, end_backends=True)
    reader = Database(url, role="annals_reader", connections=1)
    try:
        await reader.open()
        assert await reader.now() is not None, "a reader needs no server that writes"

        async def rejected() -> bool:
            with pytest.raises(Unavailable) as caught:
                await store.acquire(LANE, "owner")
            # The first error may say no more than that its connection was ended.
            return "None of the hosts" in str(caught.value) and "writes" in caught.value.advice

        await until(rejected, "no server that writes is found", seconds=30)
        await read_only(False)
        assert (await store.acquire(LANE, "owner")).epoch == 2
    finally:
        await reader.close()


async def test_of_several_hosts_the_one_that_writes_is_found(url: str, closed_port: str) -> None:
    both = at(url, netloc=f"{urlsplit(url).netloc.rpartition('@')[0]}@{_hosts(closed_port)},{_hosts(url)}")
    database = Database(both, role="annals_writer", connections=1)
    await database.open()
    try:
        assert (await PostgresEventStore(database).acquire(LANE, "owner")).epoch == 1
    finally:
        await database.close()


def _hosts(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("connect_timeout=10", 'unrecognized configuration parameter "connect_timeout"'),
        ("datestyle=wrong", 'invalid value for parameter "DateStyle"'),
        ("sslmode=wrong", "cannot be used"),
        ("host=a..b", "cannot be used"),
        ("host=127.0.0.1&port=99999", "cannot be used"),
    ],
)
async def test_what_a_url_asks_for_in_vain_is_reported_and_not_as_a_missing_schema(
    url: str, query: str, message: str
) -> None:
    netloc = f"{urlsplit(url).netloc.rpartition('@')[0]}@" if "host" in query else urlsplit(url).netloc
    database = Database(at(url, netloc=netloc, query=query), role="annals_writer", connections=1)
    with pytest.raises(Unavailable, match=message) as caught:
        await database.open()
    assert "set ANNALS_DATABASE_URL right" in caught.value.advice


def test_what_cannot_be_encoded_is_reported_without_its_text() -> None:
    """Python 3.13 and later say so of a host's name, with a character of it."""
    with pytest.raises(Unavailable, match="cannot be used") as caught, connecting("db.example"):
        "hidd\udce9n".encode()
    assert "set ANNALS_DATABASE_URL right" in caught.value.advice
    assert "udce9" not in str(caught.value)


async def test_what_is_missing_is_reported_with_advice_and_can_be_fixed_without_a_restart(
    empty_url: str, onlooker: Any
) -> None:
    """The kinds in their order: no database, no schema, then it works."""
    name = f"{urlsplit(empty_url).path[1:]}b"
    database = Database(at(empty_url, path=f"/{name}"), role=None, connections=1)
    with pytest.raises(Unavailable, match=f'"{name}" does not exist') as caught:
        await database.open()
    assert "create the database" in caught.value.advice
    await onlooker.execute(f"CREATE DATABASE {name}")
    try:
        with pytest.raises(SchemaMissing, match="annals migrate"):
            await database.open()
        await migrate(at(empty_url, path=f"/{name}"))
        await database.open()
        assert (await PostgresEventStore(database).acquire(LANE, "owner")).epoch == 1
    finally:
        await database.close()
        await onlooker.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def login(onlooker: Any) -> AsyncIterator[str]:
    """A user of the server who was granted nothing; the password is `hidden`."""
    name = f"{await onlooker.fetchval('SELECT current_database()')}_login"
    await onlooker.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'hidden'")
    yield name
    await onlooker.execute(f"DROP ROLE {name}")


async def login_error(url: str, user: str, role: str | None) -> Unavailable:
    """The error of a user who may not log in. It never holds the password."""
    database = Database(at(url, netloc=f"{user}@{_hosts(url)}"), role=role, connections=1)
    with pytest.raises(Unavailable) as caught:
        await database.open()
    assert "hidden" not in str(caught.value)
    return caught.value


async def test_a_role_that_does_not_exist_or_is_not_granted(url: str, login: str) -> None:
    missing = Database(url, role="annals_nobody", connections=1)
    with pytest.raises(SchemaMissing, match="annals_nobody"):
        await missing.open()
    assert isinstance(await login_error(url, f"{login}:hidden", "annals_writer"), SchemaMissing)


async def test_a_wrong_password(url: str, login: str) -> None:
    error = await login_error(url, f"{login}:hidden-and-wrong", None)
    assert "password" in error.advice


async def test_a_password_that_needs_escaping(url: str, login: str, onlooker: Any) -> None:
    password = 'p:/?#[]@% +&=ü"\\word'
    await onlooker.execute(f"ALTER ROLE {login} PASSWORD '{password}'")
    await onlooker.execute(f"GRANT annals_reader TO {login}")
    written = quote(password, safe="")
    database = Database(at(url, netloc=f"{login}:{written}@{_hosts(url)}"), role="annals_reader", connections=1)
    await database.open()
    await database.close()
    wrong = Database(at(url, netloc=f"{login}:{written}x@{_hosts(url)}"), role=None, connections=1)
    with pytest.raises(Unavailable) as caught:
        await wrong.open()
    for secret in (password, written):
        assert secret not in f"{caught.value} {caught.value!r}"


async def test_too_many_connections(url: str, onlooker: Any, login: str) -> None:
    await onlooker.execute(f"ALTER ROLE {login} CONNECTION LIMIT 0")
    error = await login_error(url, f"{login}:hidden", None)
    assert "max_connections" in error.advice


async def test_a_server_without_tls(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        await Database(f"{url}?sslmode=require", role=None, connections=1).open()
    assert caught.value.advice
