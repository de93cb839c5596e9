"""`located`: addresses from the environment, else from the running embedded stack, else an error with advice."""

import asyncio

import pytest
from pydantic import SecretStr

from infra.accounts import Account
from infra.devstack.stack import Devstack
from infra.home import Home
from infra.locating import Addresses, StackNotRunning, located, publish
from infra.settings import Settings


async def test_what_the_settings_leave_open_comes_from_the_running_stack(only_postgres: Settings) -> None:
    stack = Devstack(only_postgres.home, only_postgres)
    addresses = await stack.start()
    settings = located(only_postgres, account=Account.OWNER)
    assert settings.database_url == SecretStr(addresses.database_url)
    assert settings.kafka_bootstrap_servers == "127.0.0.1:1"
    assert settings.redis_url == SecretStr("redis://127.0.0.1:1/0")
    named = only_postgres.model_copy(update={"database_url": SecretStr("postgresql://elsewhere/db")})
    assert located(named).database_url == SecretStr("postgresql://elsewhere/db")
    await stack.stop()
    with pytest.raises(StackNotRunning):
        located(only_postgres)


async def test_a_killed_server_is_not_located(only_postgres: Settings) -> None:
    stack = Devstack(only_postgres.home, only_postgres)
    await stack.start()
    await stack.kill("postgres")
    with pytest.raises(StackNotRunning):
        located(only_postgres)
    await stack.restart("postgres")
    assert located(only_postgres).database_url is not None
    await stack.stop()


async def test_waiting_ends_as_soon_as_the_stack_is_up(only_postgres: Settings) -> None:
    waiting = asyncio.create_task(asyncio.to_thread(located, only_postgres, wait_seconds=60))
    stack = Devstack(only_postgres.home, only_postgres)
    await stack.start()
    async with asyncio.timeout(10):
        assert (await waiting).database_url is not None
    await stack.stop()


def test_the_error_names_the_missing_servers_the_command_and_the_variables(only_postgres: Settings) -> None:
    with pytest.raises(StackNotRunning) as failure:
        located(only_postgres)
    text = str(failure.value)
    assert str(only_postgres.home) in text
    assert "postgres must be reached" in text
    assert "annals up" in text
    assert "ANNALS_DATABASE_URL" in text
    assert failure.value.missing_variables == ("ANNALS_DATABASE_URL",)


def test_a_state_file_without_running_servers_is_ignored(only_postgres: Settings) -> None:
    publish(
        Home(only_postgres.home), {Account.OPERATOR: {"database_url": "postgresql://annals:secret@127.0.0.1:1/annals"}}
    )
    with pytest.raises(StackNotRunning) as failure:
        located(only_postgres)
    assert "secret" not in str(failure.value)


def test_addresses_show_no_password() -> None:
    shown = repr(Addresses("127.0.0.1:9092", "postgresql://u:hidden1@h/d", "redis://:hidden2@h/0"))
    assert "127.0.0.1:9092" in shown
    assert "hidden" not in shown
