"""make_secrets.sh makes random passwords that no other user of the machine reads, once; Postgres takes its logins."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.devstack.stack import Devstack
from infra.postgres.migrate import migrate
from infra.settings import Settings
from tests.architecture.sources import ROOT
from tests.deploy.container_tools import run
from tests.logins import connected

MAKE_SECRETS = ROOT / "infra" / "deploy" / "make_secrets.sh"
OF_SERVERS = {"command", "saga", "projection", "analytics", "gateway", "audit"}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    run("sh", str(MAKE_SECRETS), str(folder))
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_others_of_this_machine_do_not_reach_them_and_containers_can_read_them(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}


def test_a_second_run_changes_nothing_and_one_that_was_interrupted_is_done_again(secrets: Path) -> None:
    made = contents(secrets)
    run("sh", str(MAKE_SECRETS), str(secrets))
    assert contents(secrets) == made
    (secrets / "complete").unlink()
    run("sh", str(MAKE_SECRETS), str(secrets))
    assert contents(secrets).keys() == made.keys()
    assert contents(secrets)["redis_url"] != made["redis_url"]


def test_every_password_is_another_one(secrets: Path, tmp_path: Path) -> None:
    run("sh", str(MAKE_SECRETS), str(tmp_path / "others"))
    passwords = [
        urlsplit(text).password or text
        for made in (secrets, tmp_path / "others")
        for name, text in contents(made).items()
        if name.startswith("database_url") or name in {"redis_url", "postgres_password", "grafana_password"}
    ]
    assert len(set(passwords)) == len(passwords) == 20
    assert all(len(password) == 48 for password in passwords)


@pytest_asyncio.fixture
async def new_server(tmp_path: Path) -> AsyncIterator[str]:
    """The superuser's URL of a Postgres with an empty database `annals` and without a role of Annals."""
    nowhere = SecretStr("redis://127.0.0.1:1/0")
    settings = Settings(
        home=tmp_path / "home", kafka_bootstrap_servers="127.0.0.1:1", database_url=None, redis_url=nowhere
    )
    stack = Devstack(settings.home, settings)
    url = (await stack.start()).database_url
    try:
        async with connected(url) as superuser:
            roles = await superuser.fetch("SELECT rolname FROM pg_roles WHERE rolname ~ '^annals_' AND NOT rolsuper")
            for (role,) in roles:
                await superuser.execute(f"DROP OWNED BY {role}")
            for (role,) in roles:
                await superuser.execute(f"DROP ROLE {role}")
        yield url
    finally:
        await stack.stop()


async def test_a_new_postgres_takes_the_logins_and_takes_them_again(secrets: Path, new_server: str) -> None:
    made, there = contents(secrets), urlsplit(new_server)

    def at_this_server(url: str) -> str:
        user, _, _ = urlsplit(url).netloc.rpartition("@")
        return urlunsplit(there._replace(netloc=f"{user}@{there.netloc.rpartition('@')[2]}"))

    async with connected(new_server) as superuser:
        await superuser.execute(made["owner.sql"])
    owner = at_this_server(made["database_url_owner"])
    for _ in range(2):
        await migrate(owner)
        async with connected(owner) as connection:
            await connection.execute(made["logins.sql"])
    for role in OF_SERVERS:
        async with connected(at_this_server(made[f"database_url_{role}"])) as connection:
            assert await connection.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", f"annals_{role}")
            assert not await connection.fetchval("SELECT pg_has_role(current_user, 'annals_owner', 'MEMBER')")
