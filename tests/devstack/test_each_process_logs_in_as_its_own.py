"""The embedded servers have a login for each kind of process, with a password of its own that only the home holds."""

import stat
from urllib.parse import urlsplit

import asyncpg
import pytest

from infra.accounts import Account
from infra.devstack.stack import Devstack
from infra.home import Home
from infra.locating import located
from infra.postgres.migrate import migrate
from infra.postgres.roles import API_KEYS
from infra.settings import Settings


def url_of(settings: Settings, account: Account) -> str:
    url = located(settings, account=account).database_url
    assert url is not None
    return url.get_secret_value()


async def test_of_postgres(only_postgres: Settings) -> None:
    stack = Devstack(only_postgres.home, only_postgres)
    await stack.start()
    urls = {account: url_of(only_postgres, account) for account in Account}
    await migrate(urls[Account.OWNER])
    assert len({urlsplit(url).password for url in urls.values()}) == len(Account)
    for account, url in urls.items():
        connection = await asyncpg.connect(url, timeout=10)
        superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = session_user"
        assert await connection.fetchval(superuser) == (account is Account.OWNER)
        if account is not Account.OWNER:
            role = "annals_audit" if account is Account.OPERATOR else f"annals_{account}"
            assert await connection.fetchval("SELECT pg_has_role($1, 'USAGE')", role)
            checks_keys = await connection.fetchval("SELECT pg_has_role($1, 'MEMBER')", API_KEYS)
            assert checks_keys == (account is Account.GATEWAY)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(url.replace("/annals?", "/postgres?"), timeout=10)
        await connection.close(timeout=10)
    secrets = Home(only_postgres.home).path / "secrets"
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o600}
    await stack.stop()
    # Logins and passwords are the same after a restart.
    await stack.start()
    assert url_of(only_postgres, Account.SAGA) == urls[Account.SAGA]
    connection = await asyncpg.connect(urls[Account.SAGA], timeout=10)
    await connection.close(timeout=10)
    await stack.stop()


async def test_and_the_log_of_postgres_quotes_no_values(only_postgres: Settings) -> None:
    """Neither in a statement, nor in its parameters, nor as the key of a row; and no login can turn that on."""
    stack = Devstack(only_postgres.home, only_postgres)
    addresses = await stack.start()
    await migrate(addresses.database_url)
    connection = await asyncpg.connect(url_of(only_postgres, Account.COMMAND), timeout=10)
    claim = "INSERT INTO annals.unique_claims (context, scope, key, stream_id) VALUES ('users', 'email', $1, 'ada')"
    await connection.execute("SET log_parameter_max_length_on_error = -1")
    await connection.execute(claim, "ada@example.org")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(claim, "ada@example.org")
    with pytest.raises(asyncpg.UndefinedTableError):
        await connection.execute("INSERT INTO nowhere VALUES ('ada@example.org')")
    for name, value in {
        "log_statement": "all",
        "log_error_verbosity": "default",
        "log_min_error_statement": "error",
        "log_min_duration_statement": "0",
    }.items():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"SET {name} = '{value}'")
    await connection.close(timeout=10)
    await stack.stop()
    log = stack.home.log_file("postgres").read_text("utf-8")
    assert "duplicate key" in log
    assert "ada" not in log.replace("annals", "")
