"""A function's file holds its current body: `migrate` brings the database to it, whatever was there before."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.postgres.command_commits import COMMIT as COMMANDS
from infra.postgres.faults import SchemaMissing
from infra.postgres.function_calls import FunctionCall
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.saga_commits import COMMIT as SAGAS
from infra.postgres.schema_errors import DatabaseAhead, MigrationFailed
from infra.postgres.schema_files import Function, functions

RIGHTS = "; REVOKE EXECUTE ON FUNCTION annals.greeting FROM PUBLIC"
SIGNATURES = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'annals'::regnamespace AND proname = $1"


def greeting(arguments: str, body: str, returns: str = "text") -> Function:
    text = f"CREATE OR REPLACE FUNCTION annals.greeting({arguments}) RETURNS {returns} LANGUAGE sql AS $$ {body} $$"
    return Function("greeting", text + RIGHTS)


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Callable[[Function], None]:
    """Another version of Annals, that has this function too."""

    def released(function: Function) -> None:
        for module in ("infra.postgres.migrate", "infra.postgres.schema_files"):
            monkeypatch.setattr(f"{module}.functions", lambda: [*functions(), function])

    return released


@pytest.mark.parametrize(
    ("later", "call"),
    [
        (greeting("name text", "SELECT 'good day ' || name"), "annals.greeting('ada')"),
        (
            greeting("name text, title text DEFAULT ''", "SELECT 'good day ' || title || name"),
            "annals.greeting(name => 'ada')",
        ),
        (greeting("person text", "SELECT 'good day ' || person"), "annals.greeting(person => 'ada')"),
        (greeting("name text", "SELECT to_jsonb('good day ' || name)", "jsonb"), "annals.greeting('ada') #>> '{}'"),
    ],
    ids=["another body", "an argument more", "an argument of another name", "another result"],
)
async def test_by_what_its_file_holds(
    url: str, onlooker: Any, release: Callable[[Function], None], later: Function, call: str
) -> None:
    release(greeting("name text", "SELECT 'hello ' || name"))
    assert await migrate(url) == ["functions/greeting"]
    assert await onlooker.fetchval("SELECT annals.greeting('ada')") == "hello ada"
    release(later)
    assert await migrate(url) == ["functions/greeting"]
    assert await migrate(url) == []
    assert await onlooker.fetchval(f"SELECT {call}") == "good day ada"
    assert len(await onlooker.fetch(SIGNATURES, "greeting")) == 1
    public = "SELECT has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc WHERE proname = 'greeting'"
    assert await onlooker.fetchval(public) is False


async def test_and_a_broken_one_leaves_the_earlier_one(
    url: str, onlooker: Any, release: Callable[[Function], None]
) -> None:
    release(greeting("name text", "SELECT 'hello ' || name"))
    await migrate(url)
    release(greeting("name text", "SELECT no_such_function()"))
    with pytest.raises(MigrationFailed, match=r"functions/greeting.*no_such_function"):
        await migrate(url)
    assert await onlooker.fetchval("SELECT annals.greeting('ada')") == "hello ada"


async def test_but_not_by_an_earlier_version(url: str, release: Callable[[Function], None]) -> None:
    earlier, later = greeting("name text", "SELECT name"), greeting("name text", "SELECT upper(name)")
    release(earlier)
    await migrate(url)
    release(later)
    await migrate(url)
    release(earlier)
    with pytest.raises(DatabaseAhead, match="greeting"):
        await migrate(url)


async def test_a_worker_needs_its_version_of_each_or_a_later_one(
    url: str, release: Callable[[Function], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, later = greeting("name text", "SELECT name"), greeting("name text", "SELECT upper(name)")
    release(earlier)
    await migrate(url)
    release(later)
    for role in ("annals_writer", "annals_reader"):
        with pytest.raises(SchemaMissing, match="the schema lacks functions/greeting "):
            await Database(url, role=role, connections=1).open()
    await migrate(url)
    for version in (earlier, later):
        release(version)
        database = Database(url, role="annals_writer", connections=1)
        await database.open()
        await database.close()


@pytest.mark.parametrize("call", [COMMANDS.call, SAGAS.call], ids=lambda call: call.function)
async def test_the_arguments_of_those_that_workers_call_are_the_fields_of_the_rows(
    onlooker: Any, call: FunctionCall
) -> None:
    names = await onlooker.fetchval(
        "SELECT proargnames FROM pg_proc WHERE pronamespace = 'annals'::regnamespace AND proname = $1", call.function
    )
    assert sorted(call.names) == sorted(names)


def test_a_file_holds_the_function_of_its_name_and_its_rights() -> None:
    for function in functions():
        assert f"CREATE OR REPLACE FUNCTION annals.{function.name}(" in function.text
        assert function.text.count("CREATE OR REPLACE FUNCTION") == 1
        assert f"REVOKE EXECUTE ON FUNCTION annals.{function.name} FROM PUBLIC" in function.text
