"""Makes logins, each with roles of roles.py, on a server that belongs to Annals alone."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from infra.postgres.roles import ROLES


class Login(NamedTuple):
    """The roles that a login has, and its password, which must consist of letters, digits, `-` and `_`."""

    roles: Sequence[str]
    password: str


async def make_logins(connection: Any, logins: Mapping[str, Login]) -> None:
    """Make the logins (by name) that are missing, and give all of them their roles and passwords; `connection` is a
    superuser's.

    `annals migrate` may not have run yet, so roles that are missing are made too. None but superusers may connect to
    the databases that the server itself has.
    """
    existing = {row["rolname"] for row in await connection.fetch("SELECT rolname::text FROM pg_roles")}
    statements = [f"CREATE ROLE {role} NOLOGIN" for role in ROLES if role not in existing]
    for name, login in logins.items():
        if name not in existing:
            statements.append(f"CREATE ROLE {name} LOGIN")
        statements.append(f"GRANT {', '.join(login.roles)} TO {name}")
        statements.append(f"ALTER ROLE {name} LOGIN PASSWORD '{login.password}'")
    statements += [f"REVOKE ALL ON DATABASE {database} FROM PUBLIC" for database in ("postgres", "template1")]
    async with connection.transaction():
        await connection.execute("; ".join(statements))
