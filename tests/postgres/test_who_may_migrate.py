"""`annals migrate` needs no more rights than what is left to do, and says what an administrator has to run."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from contracts.users.examples import CREATE_ADA
from infra.cli import exits
from infra.postgres import roles
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.faults import RoleNotGranted
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.schema_errors import RightMissing
from infra.postgres.schema_files import migrations
from tests.logins import connected, login
from tests.postgres.batches import LANE, everything
from tests.postgres.earlier_release import LAST_BEFORE_ACCOUNTS, migrated_by_an_earlier_release
from workers.core.decider import Decision
from workers.domain.users.decider import UserState, decide

NOBODY = "NOSUPERUSER NOCREATEROLE NOCREATEDB"


@pytest_asyncio.fixture
async def administrator(empty_url: str) -> AsyncIterator[Any]:
    """A plain connection of the superuser to a database without a schema."""
    async with connected(empty_url) as connection:
        yield connection


def database_of(url: str) -> str:
    return urlsplit(url).path[1:]


def user_of(url: str) -> str:
    return str(urlsplit(url).username)


async def run_all(administrator: Any, error: RightMissing) -> None:
    """What the error says that an administrator has to run."""
    for statement in error.statements:
        assert statement in str(error)
        await administrator.execute(statement)


async def test_roles_that_exist_need_no_right_to_make_roles(url: str, empty_url: str, onlooker: Any) -> None:
    """A member of the owner's role upgrades, with no other right, and what it makes belongs to that role."""
    await onlooker.execute("DELETE FROM annals.functions WHERE name = 'listed'")
    async with login(onlooker, url, f"{NOBODY} IN ROLE annals_owner") as own:
        assert await migrate(own) == ["functions/listed"]
        assert await migrate(own) == []


async def test_a_new_database_takes_the_right_to_create_in_it(empty_url: str, administrator: Any, url: str) -> None:
    """In a cluster that has the roles."""
    name = f"{database_of(empty_url)}_new"
    await administrator.execute(f"CREATE DATABASE {name}")
    try:
        async with login(administrator, empty_url.replace(database_of(empty_url), name), NOBODY) as own:
            for _ in range(2):
                with pytest.raises(RightMissing) as caught:
                    await migrate(own)
                assert exits.explain(caught.value) == exits.REFUSED
                await run_all(administrator, caught.value)
            assert len(await migrate(own)) > len(migrations())
            await administrator.execute(f"REVOKE ALL ON DATABASE {name} FROM {user_of(own)}")
            async with connected(empty_url.replace(database_of(empty_url), name)) as inside:
                await inside.execute(f"DROP OWNED BY {user_of(own)}")
    finally:
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_schema_of_somebody_else_is_left_alone(
    empty_url: str, administrator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that a former release's migration made, in the name of a login that migrates no more."""
    await migrated_by_an_earlier_release(empty_url, monkeypatch, last=6)
    async with login(administrator, empty_url, NOBODY) as own:
        await administrator.execute(f"GRANT CREATE ON DATABASE {database_of(empty_url)} TO {user_of(own)}")
        with pytest.raises(RightMissing, match="belongs to somebody else") as caught:
            await migrate(own)
        assert caught.value.statements == (f"GRANT annals TO {user_of(own)}",)


async def test_missing_roles_are_named_with_the_statements_that_make_them(
    empty_url: str, administrator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Roles belong to the whole cluster: here they have other names, so that other databases are not disturbed."""
    renamed = {role: f"{database_of(empty_url)}_{role}" for role in roles.ROLES}
    monkeypatch.setattr(roles, "ROLES", tuple(renamed.values()))
    monkeypatch.setattr(
        roles, "RIGHTS_OF", {renamed[role]: tuple(renamed[one] for one in of) for role, of in roles.RIGHTS_OF.items()}
    )
    for name in ("OWNER", "READER", "WRITER"):
        monkeypatch.setattr(roles, name, renamed[getattr(roles, name)])
    try:
        async with login(administrator, empty_url, NOBODY) as own, connected(own) as connection:
            with pytest.raises(RightMissing) as caught:
                await roles.make_roles(connection)
            assert f"CREATE ROLE {renamed['annals_command']} NOLOGIN;" in str(caught.value)
            await run_all(administrator, caught.value)
            await roles.make_roles(connection)
            assert await roles.missing_statements(connection) == []
    finally:
        for role in renamed.values():
            await administrator.execute(f"DROP ROLE IF EXISTS {role}")


async def test_a_database_of_the_release_before_is_handed_to_the_owner(
    empty_url: str, administrator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its data, by the login that had made it; and a worker that knows only annals_writer goes on working."""
    await migrated_by_an_earlier_release(empty_url, monkeypatch, last=LAST_BEFORE_ACCOUNTS, with_functions=True)
    await administrator.execute(
        "INSERT INTO annals.credentials VALUES ('users', 'ada', 'hidden');"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON annals.credentials TO annals_writer;"
        "INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence, handled_at,"
        " stream_version, event_count, error) VALUES (gen_random_uuid(), 'users.CreateUser.v1', 'users', 'ada',"
        """ 'rejected', 0, 0, now(), 0, 0, '{"code": "EmailTaken", "message": "… ada@example.org", "details": null}')"""
    )
    assert await migrate(empty_url)
    assert await administrator.fetchval("SELECT secret FROM annals.credentials") == "hidden"
    rejection = json.loads(await administrator.fetchval("SELECT error::text FROM annals.commands"))
    decision = decide(UserState(), CREATE_ADA)
    assert isinstance(decision, Decision)
    assert rejection == decision.claims[0].rejection._asdict()
    owner = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'annals'::regnamespace"
    assert [row[0] for row in await administrator.fetch(owner)] == ["annals_owner"]
    async with login(administrator, empty_url, "IN ROLE annals_writer") as own:
        older = Database(own, role="annals_writer", connections=1)
        await older.open()
        store = PostgresEventStore(older)
        await store.acquire(LANE, "older")
        await store.commit(everything())
        await older.close()


@pytest.mark.parametrize("role", ["annals_saga", "annals_owner"])
async def test_a_process_whose_login_has_another_role_is_told_which_it_needs(
    url: str, onlooker: Any, role: str
) -> None:
    async with login(onlooker, url, "IN ROLE annals_command") as own:
        with pytest.raises(RoleNotGranted, match=f'"{role}"') as caught:
            await Database(own, role=role, connections=1).open()
        assert "GRANT annals_command TO login" in str(caught.value)
