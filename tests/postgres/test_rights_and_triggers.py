"""Who may do what in the schema, and what the database does by itself: all of it, as the catalogue has it.

A change that adds a table, a function or a trigger adds its line here. A right that is not listed is a
fault, and so is one that is missing.
"""

from typing import Any

READ = "SELECT"
ADD = "INSERT SELECT"
MOVE = "INSERT SELECT UPDATE"
ALL = "DELETE INSERT SELECT UPDATE"
RUN = "EXECUTE"

# What:                                (annals_writer, annals_reader). PUBLIC may do nothing; owners are not listed.
RIGHTS = {
    "schema annals":                    ("USAGE", "USAGE"),
    "table commands":                   (ADD, READ),
    "table credentials":                (ALL, ""),
    "table credentials (context)":      ("", READ),
    "table credentials (stream_id)":    ("", READ),
    "table deadlines":                  (ALL, READ),
    "table events":                     (ADD, READ),
    "table functions":                  (READ, READ),
    "table installation":               (ADD, READ),
    "table interventions":              (ADD, READ),
    "table lanes":                      (MOVE, READ),
    "table log_interruptions":          (ADD, READ),
    "table migrations":                 (READ, READ),
    "table parked_streams":             (ALL, READ),
    "table saga_beginnings":            (ADD, READ),
    "table saga_journal":               (ADD, READ),
    "table saga_outbox":                (ADD, READ),
    "table sagas":                      (MOVE, READ),
    "table snapshots":                  (ALL, READ),
    "table step_rejections":            ("DELETE INSERT SELECT", READ),
    "table unchanged_steps":            ("DELETE INSERT SELECT", READ),
    "table unique_claims":              (ALL, READ),
    "view open_log_interruptions":      (READ, READ),
    "view outcomes":                    (READ, READ),
    "sequence interventions_id_seq":    ("", ""),
    "sequence log_interruptions_id_seq": ("", ""),
    "function acquire_claims":          (RUN, ""),
    "function answers":                 (RUN, RUN),
    "function commit_commands":         (RUN, ""),
    "function commit_sagas":            (RUN, ""),
    "function keep_credentials":        (RUN, ""),
    "function keep_snapshots":          (RUN, ""),
    "function listed":                  (RUN, RUN),
    "function note_step_rejection":     ("", ""),
    "function note_unchanged_step":     ("", ""),
    "function refuse_change":           ("", ""),
    "function settle_claims":           (RUN, ""),
    "function update_deadlines":        (RUN, ""),
    "function update_instances":        (RUN, ""),
    "function update_parked_streams":   (RUN, ""),
}  # fmt: skip

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
    ("events", "append_only"):          (ALWAYS, APPEND_ONLY.format("annals.events")),
    ("interventions", "append_only"):   (ALWAYS, APPEND_ONLY.format("annals.interventions")),
    ("saga_journal", "append_only"):    (ALWAYS, APPEND_ONLY.format("annals.saga_journal")),
}  # fmt: skip

# Each object of the schema with every right that a role has on it: also those that no grant gives, as functions
# have them for PUBLIC. An object on which no role has a right comes once, with NULL.
_ACLS = """
WITH objects (name, owner, acl) AS (
    SELECT 'schema ' || nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
      FROM pg_namespace WHERE nspname = 'annals'
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' ELSE 'table ' END || relname, relowner,
           coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, relowner))
      FROM pg_class WHERE relnamespace = 'annals'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'table ' || relname || ' (' || attname || ')', relowner, attacl
      FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
     WHERE relnamespace = 'annals'::regnamespace AND attacl IS NOT NULL
    UNION ALL
    SELECT 'function ' || proname, proowner, coalesce(proacl, acldefault('f', proowner))
      FROM pg_proc WHERE pronamespace = 'annals'::regnamespace
)
SELECT objects.name, CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END AS grantee,
       acl.privilege_type || CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
  FROM objects LEFT JOIN LATERAL aclexplode(objects.acl) AS acl ON acl.grantee <> objects.owner
"""

ROLES = ["annals_writer", "annals_reader"]


async def rights(onlooker: Any) -> dict[str, dict[str, str]]:
    """Of each object what each grantee may do, in words and in order."""
    grants: dict[str, dict[str, list[str]]] = {}
    for name, grantee, privilege in await onlooker.fetch(_ACLS):
        grantees = grants.setdefault(name, {})
        if privilege is not None:
            grantees.setdefault(grantee, []).append(privilege)
    return {
        name: {grantee: " ".join(sorted(privileges)) for grantee, privileges in grantees.items()}
        for name, grantees in grants.items()
    }


async def test_each_role_may_do_what_is_written_here_and_no_other_role_anything(onlooker: Any) -> None:
    expected = {
        name: {role: may for role, may in zip(ROLES, both, strict=True) if may} for name, both in RIGHTS.items()
    }
    assert await rights(onlooker) == expected


async def test_what_comes_later_is_closed_to_all_until_a_migration_grants_it(onlooker: Any) -> None:
    assert await onlooker.fetch("SELECT * FROM pg_default_acl") == []


async def test_the_roles_can_do_nothing_else_and_belong_to_no_other_role(onlooker: Any) -> None:
    attributes = "rolsuper OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls"
    rows = await onlooker.fetch(f"SELECT rolname, {attributes} FROM pg_roles WHERE rolname = ANY($1)", ROLES)  # noqa: S608
    assert dict(map(tuple, rows)) == dict.fromkeys(ROLES, False)
    memberships = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = ANY($1::regrole[])"
    assert await onlooker.fetch(memberships, ROLES) == []
    owned = "SELECT relname FROM pg_class WHERE relowner = ANY($1::regrole[])"
    assert await onlooker.fetch(owned, ROLES) == []


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
