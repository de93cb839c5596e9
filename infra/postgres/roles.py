"""The roles of the database: who there is, and who has the rights of whom. What each may do is in rights.sql.

    annals_owner       owns the schema; `annals migrate` works as this role
    annals_command, annals_saga, annals_projection, annals_analytics, annals_gateway, annals_audit
                       one for each kind of process
    annals_api_keys    checks the keys of services; the login of the gateway has it beside annals_gateway
    annals_reader      reads everything but secrets
    annals_writer      has the rights of all processes, for installations in which all processes share one login

None of them may log in: a login gets its rights by `CREATE ROLE … LOGIN IN ROLE annals_command`. Roles belong to the
whole cluster, so another database's migration may have made them, or may be making them right now.
"""

import asyncpg

from infra.postgres.schema_errors import RightMissing

OWNER = "annals_owner"
READER = "annals_reader"
WRITER = "annals_writer"
COMMAND, SAGA, PROJECTION = "annals_command", "annals_saga", "annals_projection"
GATEWAY, AUDIT = "annals_gateway", "annals_audit"
ANALYTICS = "annals_analytics"
API_KEYS = "annals_api_keys"

ROLES = (OWNER, COMMAND, SAGA, PROJECTION, ANALYTICS, GATEWAY, API_KEYS, AUDIT, READER, WRITER)

# Logins of installations from before these roles have annals_writer and annals_reader. So the writer has the rights of
# all processes. The reader has not: two of them read keys (rights.sql).
RIGHTS_OF = {
    AUDIT: (READER,),
    WRITER: (COMMAND, SAGA, PROJECTION, ANALYTICS, GATEWAY, API_KEYS, AUDIT),
}
"""Whose rights a role has beside its own."""

WRITING = frozenset({COMMAND, SAGA, API_KEYS, AUDIT, WRITER})
"""The roles whose sessions need a server that accepts writes."""

_ATTEMPTS = 5
# Another database's migration has made the same role, or changed the same membership, since we looked.
_RACES = (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError, asyncpg.InternalServerError)

_EXISTING = "SELECT rolname::text FROM pg_roles WHERE rolname = ANY($1)"
_MEMBERSHIPS = """
SELECT member::regrole::text AS member, roleid::regrole::text AS role
  FROM pg_auth_members
 WHERE member IN (SELECT oid FROM pg_roles WHERE rolname = ANY($1))
"""
_MAY_BECOME_OWNER = """
SELECT pg_has_role(oid, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
  FROM pg_roles WHERE rolname = $1
"""


async def make_roles(connection: asyncpg.Connection) -> None:
    """Make the roles and memberships that are missing. Nothing is needed for it when none is.

    Raises RightMissing, with the statements that an administrator has to run, when the login may not make them.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        statements = await missing_statements(connection)
        if not statements:
            return
        try:
            async with connection.transaction():
                await connection.execute("; ".join(statements))
        except asyncpg.InsufficientPrivilegeError:
            raise RightMissing("roles of Annals are missing, and this login may not make them", statements) from None
        except _RACES:
            if attempt == _ATTEMPTS:
                raise


async def missing_statements(connection: asyncpg.Connection) -> list[str]:
    """The statements that make what is missing; none when everything is there."""
    existing = {row["rolname"] for row in await connection.fetch(_EXISTING, list(ROLES))}
    memberships = {tuple(row) for row in await connection.fetch(_MEMBERSHIPS, list(ROLES))}
    statements = [f"CREATE ROLE {role} NOLOGIN" for role in ROLES if role not in existing]
    for member, roles in RIGHTS_OF.items():
        lacking = [role for role in roles if (member, role) not in memberships]
        if lacking:
            statements.append(f"GRANT {', '.join(lacking)} TO {member}")
    login = await connection.fetchval("SELECT quote_ident(session_user)")
    if OWNER not in existing or not await connection.fetchval(_MAY_BECOME_OWNER, OWNER):
        statements.append(f"GRANT {OWNER} TO {login}")
    if not existing & {WRITER, READER}:  # a new cluster: one login may run everything
        statements.append(f"GRANT {WRITER}, {READER} TO {login}")
    return statements
