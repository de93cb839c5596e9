"""Who may do what in the schema, and what the database does by itself: all of it, as the catalogue has it.

A change that adds a table or a function adds its line in granted.py, one that adds a trigger its line here.
"""

from typing import Any

import pytest

from infra.postgres.migrate import migrate
from infra.postgres.roles import OWNER, RIGHTS_OF, ROLES
from infra.postgres.schema_files import Migration, migrations
from tests.postgres.granted import FUNCTIONS, GRANTEES, TABLES

APPEND_ONLY = "BEFORE DELETE OR UPDATE OR TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION annals.refuse_change()"
NOTE_STEP_REJECTION = (
    "AFTER INSERT ON annals.commands FOR EACH ROW"
    " WHEN ((new.status <> 'accepted'::text)) EXECUTE FUNCTION annals.note_step_rejection()"
)
NOTE_UNCHANGED_STEP = (
    "AFTER INSERT ON annals.commands FOR EACH ROW"
    " WHEN (((new.status = 'accepted'::text) AND (new.event_count = 0)"
    " AND (new.causation_id IS NOT NULL)))"
    " EXECUTE FUNCTION annals.note_unchanged_step()"
)
ALWAYS = "A"  # also for sessions that act as a replica

TRIGGERS = {
    ("commands", "note_step_rejection"):          (ALWAYS, NOTE_STEP_REJECTION),
    ("commands", "note_unchanged_step"): (ALWAYS, NOTE_UNCHANGED_STEP),
    ("installation", "append_only"):    (ALWAYS, APPEND_ONLY.format("annals.installation")),
    ("log_interruptions", "append_only"): (ALWAYS, APPEND_ONLY.format("annals.log_interruptions")),
    ("copied_events", "append_only"):   (ALWAYS, APPEND_ONLY.format("annals.copied_events")),
    ("events", "append_only"):          (ALWAYS, APPEND_ONLY.format("annals.events")),
    ("interventions", "append_only"):   (ALWAYS, APPEND_ONLY.format("annals.interventions")),
    ("saga_journal", "append_only"):    (ALWAYS, APPEND_ONLY.format("annals.saga_journal")),
}  # fmt: skip

# Every right that anybody has on anything of the schema, or on the database: also those that no grant gives, as
# functions and types have them for PUBLIC.
_ACLS = """
WITH objects (kind, name, column_name, owner, acl) AS (
    SELECT 'database', '', '*', datdba, coalesce(datacl, acldefault('d', datdba))
      FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'schema', nspname::text, '*', nspowner, coalesce(nspacl, acldefault('n', nspowner))
      FROM pg_namespace WHERE nspname = 'annals'
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, relname, '*', relowner,
           coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, relowner))
      FROM pg_class WHERE relnamespace = 'annals'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'table', relname, attname, relowner, attacl
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
     WHERE relnamespace = 'annals'::regnamespace AND attacl IS NOT NULL
    UNION ALL
    SELECT 'function', proname, '*', proowner, coalesce(proacl, acldefault('f', proowner))
      FROM pg_proc WHERE pronamespace = 'annals'::regnamespace
    UNION ALL
    SELECT 'type', typname, '*', typowner, coalesce(typacl, acldefault('T', typowner))
      FROM pg_type WHERE typnamespace = 'annals'::regnamespace AND typcategory <> 'A'
)
SELECT objects.kind, objects.name, objects.column_name,
       CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END AS grantee,
       acl.privilege_type || CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
  FROM objects CROSS JOIN LATERAL aclexplode(objects.acl) AS acl
 WHERE acl.grantee <> objects.owner
"""


async def test_each_role_may_do_what_is_written_and_nobody_else_anything(onlooker: Any) -> None:
    expected = {("schema", "annals", "*", role, "USAGE") for role in GRANTEES}
    expected |= {("database", "", "*", role, "CONNECT") for role in ROLES}
    expected |= {("function", name, "*", role, "EXECUTE") for role, names in FUNCTIONS.items() for name in names}
    expected |= {
        ("table", table, column, role, right)
        for role, tables in TABLES.items()
        for table, rights in tables.items()
        for right, columns in rights.items()
        for column in columns.split()
    }
    assert {tuple(row) for row in await onlooker.fetch(_ACLS)} == expected


async def test_what_comes_later_is_closed_to_all_until_its_rights_are_written(
    url: str, onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = """
        CREATE FUNCTION annals.later() RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE PROCEDURE annals.procedure() LANGUAGE sql AS 'SELECT 1';
        CREATE TYPE annals.kind AS ENUM ('one');
        CREATE TABLE annals.more (id integer)
    """
    files = [*migrations(), Migration(9001, "later", later)]
    monkeypatch.setattr("infra.postgres.migrate.migrations", lambda: files)
    before = set(await onlooker.fetch(_ACLS))
    assert await migrate(url) == ["9001_later"]
    assert set(await onlooker.fetch(_ACLS)) == before
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'annals.more'::regclass"
    assert await onlooker.fetchval(owner) == OWNER


async def test_the_roles_can_do_nothing_else_and_have_the_rights_of_no_other_role(onlooker: Any) -> None:
    attributes = "rolsuper OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls"
    roles = list(ROLES)
    rows = await onlooker.fetch(f"SELECT rolname, {attributes} FROM pg_roles WHERE rolname = ANY($1)", roles)  # noqa: S608
    assert dict(map(tuple, rows)) == dict.fromkeys(ROLES, False)
    memberships = (
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members WHERE member = ANY($1::regrole[])"
    )
    found = {tuple(row) for row in await onlooker.fetch(memberships, roles)}
    assert found == {(role, other) for role, others in RIGHTS_OF.items() for other in others}
    owned = "SELECT relname FROM pg_class WHERE relowner = ANY($1::regrole[])"
    assert await onlooker.fetch(owned, list(GRANTEES)) == []


async def test_the_triggers_are_those_and_fire_in_every_session(onlooker: Any) -> None:
    await onlooker.execute("SET search_path = pg_catalog")  # so that every name comes with its schema
    rows = await onlooker.fetch(
        "SELECT relname, tgname, tgenabled::text, pg_get_triggerdef(t.oid) FROM pg_trigger AS t"
        " JOIN pg_class AS c ON c.oid = tgrelid WHERE relnamespace = 'annals'::regnamespace AND NOT tgisinternal"
    )
    triggers = {
        (table, name): (enabled, definition.removeprefix(f"CREATE TRIGGER {name} "))
        for table, name, enabled, definition in rows
    }
    assert triggers == TRIGGERS
    assert await onlooker.fetch("SELECT evtname FROM pg_event_trigger") == []


async def test_a_function_runs_with_the_rights_of_its_caller(onlooker: Any) -> None:
    """Else a right to run it would be a right to what its owner may do."""
    definers = "SELECT proname FROM pg_proc WHERE pronamespace = 'annals'::regnamespace AND prosecdef"
    assert await onlooker.fetch(definers) == []
