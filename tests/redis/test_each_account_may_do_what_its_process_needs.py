"""The users of the embedded Redis: what each may do, tried on the server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from infra.accounts import Account
from infra.devstack.stack import Devstack
from infra.locating import located
from infra.settings import Settings

DANGEROUS = (
    *("FLUSHALL", "FLUSHDB", "CONFIG SET maxmemory-policy allkeys-lru", "ACL LIST", "ACL SETUSER x on", "SHUTDOWN"),
    *("SCRIPT FLUSH", "FUNCTION LIST", "KEYS *", "MONITOR", "REPLICAOF NO ONE", "SAVE", "CLIENT LIST"),
)
WRITING = (
    "SET annals:users:1:document:ada {}",
    "DEL annals:users:1:document:ada",
    "ZADD annals:users:1:index:i 0 a",
)
READING = ("GET annals:users:1:document:ada", "MGET x.annals:users:live annals:users:live", "SCAN 0", "INFO")
SCRIPT = ("EVAL", "return redis.call('GET', KEYS[1])", "1", "annals:users:live")
OTHERS_ACCOUNTS = [account for account in Account if account is not Account.OWNER]
AUDITORS = (Account.AUDIT, Account.OPERATOR)
SCRIPTING = (Account.GATEWAY, *AUDITORS)
WRITERS, READERS = (Account.PROJECTION, *AUDITORS), (Account.GATEWAY, Account.READER)


@pytest_asyncio.fixture(scope="module")
async def own_redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home,
        kafka_bootstrap_servers="127.0.0.1:1",
        database_url=SecretStr("postgresql://127.0.0.1:1/none"),
        redis_url=None,
    )
    stack = Devstack(home, settings)
    await stack.start()
    yield settings
    await stack.stop()


async def is_allowed(settings: Settings, account: Account, *command: str) -> bool:
    """Whether the server lets the account's user run it."""
    url = located(settings, account=account).redis_url
    assert url is not None
    async with Redis.from_url(url.get_secret_value(), socket_timeout=10) as client:
        try:
            await client.execute_command(*command)  # type: ignore[no-untyped-call]
        except NoPermissionError:
            return False
        except ResponseError as error:
            return "permission" not in str(error)
    return True


@pytest.mark.parametrize("account", OTHERS_ACCOUNTS)
async def test_of_reading_and_writing(own_redis: Settings, account: Account) -> None:
    for command in READING:
        assert await is_allowed(own_redis, account, *command.split()) == (account in (*WRITERS, *READERS)), command
    for command in WRITING:
        assert await is_allowed(own_redis, account, *command.split()) == (account in WRITERS), command
        elsewhere = command.replace("annals:", "other:")
        assert not await is_allowed(own_redis, account, *elsewhere.split()), elsewhere


@pytest.mark.parametrize("account", OTHERS_ACCOUNTS)
async def test_nobody_changes_the_server(own_redis: Settings, account: Account) -> None:
    for command in DANGEROUS:
        assert not await is_allowed(own_redis, account, *command.split()), command


@pytest.mark.parametrize("account", OTHERS_ACCOUNTS)
async def test_a_script_may_do_no_more_than_its_caller(own_redis: Settings, account: Account) -> None:
    assert await is_allowed(own_redis, account, *SCRIPT) == (account in SCRIPTING)
    writing = ("EVAL", "return redis.call('SET', KEYS[1], '9')", "1", "annals:users:live")
    assert await is_allowed(own_redis, account, *writing) == (account in AUDITORS)


async def test_nobody_gets_in_without_a_password(own_redis: Settings) -> None:
    url = located(own_redis, account=Account.OWNER).redis_url
    assert url is not None
    async with Redis.from_url(f"redis://{url.get_secret_value().rpartition('@')[2]}", socket_timeout=10) as client:
        with pytest.raises(Exception, match="uthenticat"):
            await client.get("annals:users:live")
