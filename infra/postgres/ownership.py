"""What the login of a migration must be allowed to do, and as whom it works."""

import asyncpg

from infra.postgres.roles import OWNER
from infra.postgres.schema_errors import RightMissing
from infra.postgres.schema_files import database_rights

_SCHEMA_OWNER = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'annals'"
_NAMES = "SELECT quote_ident(session_user) AS login, quote_ident(current_database()) AS database"
_MAY_CREATE = "SELECT has_database_privilege(current_database(), 'CREATE')"
# Whoever owns something of the schema, and whose rights this login lacks.
_OTHER_OWNERS = """
SELECT DISTINCT owner::regrole::text AS owner
  FROM (SELECT nspowner FROM pg_namespace WHERE nspname = 'annals'
         UNION ALL
        SELECT relowner FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname = 'annals'
         UNION ALL
        SELECT proowner FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname = 'annals'
       ) AS owners(owner)
 WHERE NOT pg_has_role(owner, 'USAGE')
 ORDER BY 1
"""
_MAY_CLOSE = """
SELECT pg_has_role(datdba, 'USAGE') AND EXISTS (
           SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl WHERE acl.grantee = 0)
  FROM pg_database WHERE datname = current_database()
"""


async def require_rights(connection: asyncpg.Connection) -> None:
    """Raises RightMissing, with the statements that an administrator has to run, before anything is changed."""
    login, database = await connection.fetchrow(_NAMES)
    owner = await connection.fetchval(_SCHEMA_OWNER)
    if owner != OWNER and not await connection.fetchval(_MAY_CREATE):
        statements = [f"GRANT CREATE ON DATABASE {database} TO {login}"]
        raise RightMissing("this login may not create a schema in the database", statements)
    others = [row["owner"] for row in await connection.fetch(_OTHER_OWNERS)]
    if others:
        statements = [f"GRANT {other} TO {login}" for other in others]
        raise RightMissing("the schema, or something in it, belongs to somebody else", statements)


async def become_owner(connection: asyncpg.Connection) -> bool:
    """Work as the owner of the schema from now on, once that is the role without a login. False: there is no schema."""
    owner = await connection.fetchval(_SCHEMA_OWNER)
    if owner == OWNER:
        await connection.execute(f"SET ROLE {OWNER}")
    return owner is not None


async def close_to_public(connection: asyncpg.Connection) -> None:
    """Let only the roles of Annals connect to the database, if this login owns it."""
    await connection.execute("RESET ROLE")
    if await connection.fetchval(_MAY_CLOSE):
        await connection.execute(database_rights())
