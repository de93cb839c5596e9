"""What the production overlay tells CloudNativePG to do first is enough for `annals migrate`, and for no more."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from infra.postgres.migrate import migrate
from infra.postgres.roles import ROLES
from infra.postgres.schema_errors import RightMissing
from infra.postgres.schema_files import migrations
from infra.settings import Settings
from tests.deploy.kubernetes import PRODUCTION, documents
from tests.logins import connected, login

NOBODY = "NOSUPERUSER NOCREATEROLE NOCREATEDB"


@pytest_asyncio.fixture
async def administrator(settings: Settings) -> AsyncIterator[Any]:
    """The superuser, in a database without a schema."""
    assert settings.database_url is not None
    async with connected(settings.database_url.get_secret_value()) as connection:
        yield connection


@pytest_asyncio.fixture
async def owner(settings: Settings, administrator: Any) -> AsyncIterator[str]:
    """The URL of the login that owns the database, as the operator makes both."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    database, superuser = urlsplit(url).path[1:], await administrator.fetchval("SELECT quote_ident(current_user)")
    async with login(administrator, url, NOBODY) as own:
        await administrator.execute(f"ALTER DATABASE {database} OWNER TO {urlsplit(own).username}")
        try:
            yield own
        finally:
            await administrator.execute(f"ALTER DATABASE {database} OWNER TO {superuser}")


async def prepared(administrator: Any, own: str) -> None:
    """Run what the manifest says, in the name of this owner. Other tests have made some of the roles already."""
    cluster = documents(PRODUCTION / "postgres.yaml")[0]["spec"]["bootstrap"]["initdb"]
    existing = {row[0] for row in await administrator.fetch("SELECT rolname::text FROM pg_roles")}
    for statement in cluster["postInitSQL"]:
        words = statement.split()
        if words[:2] != ["CREATE", "ROLE"] or words[2] not in existing:
            await administrator.execute(statement.replace(cluster["owner"], urlsplit(own).username))


async def test_with_what_the_operator_has_run(administrator: Any, owner: str) -> None:
    try:
        await prepared(administrator, owner)
        assert len(await migrate(owner)) > len(migrations())
        assert await migrate(owner) == []
        async with (
            login(administrator, owner, f"{NOBODY} IN ROLE annals_command") as process,
            connected(process) as own,
        ):
            assert await own.fetchval("SELECT count(*) FROM annals.migrations") == len(migrations())
        async with login(administrator, owner, NOBODY) as stranger:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connected(stranger):
                    pass
    finally:
        if "annals_analytics" not in ROLES:
            await administrator.execute("DROP ROLE IF EXISTS annals_analytics")


async def test_the_control_without_it_names_what_is_missing(owner: str) -> None:
    with pytest.raises(RightMissing, match="GRANT annals_owner TO"):
        await migrate(owner)
