"""Clients find the primary by real sentinels, and follow it. They read and write there and nowhere else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from infra.accounts import Account
from infra.redis.connection import client, faults_sorted
from infra.redis.server_signs import server_signs
from infra.settings import Settings
from tests.redis.fake_sentinel import HOST, fake_sentinels
from tests.redis.sentinel_group import GUEST, NAME, OWNER, WATCH, Process, SentinelGroup, sentinel_group
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.read_models import EvictionAllowed

KEY = "annals:users:live"
FOLLOWS_SECONDS = 15.0


@pytest_asyncio.fixture(scope="module")
async def own_group(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SentinelGroup]:
    async with sentinel_group(tmp_path_factory.mktemp("sentinels")) as group:
        yield group


@pytest_asyncio.fixture
async def group(own_group: SentinelGroup) -> SentinelGroup:
    """The group, whole again."""
    await until(own_group.is_watched, "all is well before the test", seconds=60)
    return own_group


async def primary_and_replica(group: SentinelGroup) -> tuple[Process, Process]:
    primary = await group.primary()
    return primary, next(server for server in group.servers if server is not primary)


async def why_not(settings: Settings) -> str:
    async with client(settings) as redis:
        with pytest.raises(Unavailable) as caught, faults_sorted():
            await redis.get(KEY)
    message = f"{caught.value} {caught.value!r}"
    for secret in (OWNER, GUEST, WATCH):
        assert secret not in message
    return str(caught.value)


async def is_written(redis: Any, value: str) -> bool:
    try:
        with faults_sorted():
            await redis.set(KEY, value)
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize("account", [Account.PROJECTION, Account.GATEWAY, Account.AUDIT, Account.READER])
async def test_is_found_by_the_user_of_each_account(group: SentinelGroup, account: Account) -> None:
    async with client(group.settings(account)) as redis:
        assert await redis.mget([KEY]) in ([None], [b"1"])
        assert await server_signs(redis) is not None


async def test_the_database_of_the_url_is_used(group: SentinelGroup) -> None:
    settings = group.settings(redis_url=SecretStr(group.url(Account.OWNER, database=3)))
    async with client(settings) as redis:
        await redis.set("annals:third", "3")
    async with client(group.settings(Account.OWNER)) as redis:
        assert await redis.get("annals:third") is None


async def test_sentinels_that_are_away_are_passed_over(group: SentinelGroup) -> None:
    away = group.sentinels[0]
    await away.kill()
    try:
        async with client(group.settings()) as redis:
            assert await is_written(redis, "1")
    finally:
        await group.start_sentinel(away)


async def test_what_is_wrong_is_told(group: SentinelGroup) -> None:
    def with_url(url: str) -> Settings:
        return group.settings(redis_url=SecretStr(url))

    url = group.url()
    assert "ANNALS_REDIS_SENTINEL_PASSWORD right" in await why_not(
        group.settings(redis_sentinel_password=SecretStr(f"{WATCH}-not"))
    )
    assert "ANNALS_REDIS_SENTINEL_PASSWORD right" in await why_not(
        group.settings(redis_sentinel_username=None, redis_sentinel_password=None)
    )
    assert "name of the primary in ANNALS_REDIS_URL" in await why_not(with_url(url.replace(NAME, "others")))
    assert "user and password in ANNALS_REDIS_URL" in await why_not(with_url(url.replace(GUEST, f"{GUEST}-not")))
    assert "a database in ANNALS_REDIS_URL" in await why_not(with_url(f"{url}99"))
    ports = [server.port for server in group.servers]
    servers = f"redis+sentinel://:{OWNER}@{HOST}:{ports[0]},{HOST}:{ports[1]}/{NAME}/0"
    own = SecretStr(OWNER)
    assert "begins with redis://" in await why_not(
        group.settings(redis_url=SecretStr(servers), redis_sentinel_username=None, redis_sentinel_password=own)
    )


async def test_a_server_that_may_evict_is_named(group: SentinelGroup) -> None:
    primary, _ = await primary_and_replica(group)
    await group.ask(primary, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        async with client(group.settings()) as redis:
            await redis.get(KEY)
            with pytest.raises(EvictionAllowed, match=rf"{NAME} .*at {HOST}:{primary.port}"):
                await server_signs(redis)
    finally:
        await group.ask(primary, "CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_a_replica_is_never_read(group: SentinelGroup) -> None:
    """Sentinels may name one for a moment: their view is old, or it is being made the primary."""
    _, replica = await primary_and_replica(group)
    async with client(group.settings()) as redis:
        assert await is_written(redis, "1")
    async with fake_sentinels((HOST, replica.port), count=1) as (sentinel,):
        url = group.url().replace(",".join(f"{HOST}:{own.port}" for own in group.sentinels), f"{HOST}:{sentinel.port}")
        assert f"{HOST}:{replica.port}, which is named as the primary of {NAME}, is none" in await why_not(
            group.settings(redis_url=SecretStr(url))
        )
    # The control: it would answer.
    await until(lambda: holds(group, replica, "1"), "the replica has it too")


async def test_open_connections_follow_a_commanded_failover(group: SentinelGroup) -> None:
    _, replica = await primary_and_replica(group)
    async with client(group.settings()) as writing, client(group.settings(Account.GATEWAY)) as reading:
        assert await is_written(writing, "before")
        assert await reading.get(KEY) == b"before"
        await group.ask(group.sentinels[0], "SENTINEL", "FAILOVER", NAME)
        await group.becomes_primary(replica)
        await until(lambda: follows(writing, group, replica), "it is written to again", seconds=FOLLOWS_SECONDS)
        await until(lambda: reads(reading, b"after"), "it is read again", seconds=FOLLOWS_SECONDS)


async def holds(group: SentinelGroup, server: Process, value: str) -> bool:
    return bool(await group.ask(server, "GET", KEY) == value)


async def follows(redis: Any, group: SentinelGroup, primary: Process) -> bool:
    """Whether what it writes is on this server. The former primary accepts writes until it is told what it is now."""
    return await is_written(redis, "after") and await holds(group, primary, "after")


async def reads(redis: Any, value: bytes) -> bool:
    try:
        with faults_sorted():
            return bool(await redis.get(KEY) == value)
    except Unavailable:
        return False


async def test_a_former_primary_that_only_the_sentinels_cannot_reach_is_left(group: SentinelGroup) -> None:
    primary, replica = await primary_and_replica(group)
    async with client(group.settings()) as redis:
        assert await is_written(redis, "before")
        await group.cut_off(primary)
        await group.becomes_primary(replica)

        await until(lambda: follows(redis, group, replica), "the new primary is written to", seconds=FOLLOWS_SECONDS)
        await group.reconnect(primary)
        await until(lambda: group.is_replica(primary), "the former primary is a replica", seconds=60)
        assert await reads(redis, b"after")


@pytest.mark.parametrize("replicas", [0, 1])
async def test_it_accepts_no_writes_with_min_replicas_to_write(
    group: SentinelGroup, monkeypatch: pytest.MonkeyPatch, replicas: int
) -> None:
    """Of a client that reaches neither the sentinels nor the new primary. The control, without the setting: what it
    writes is gone when the former primary is a replica.
    """
    monkeypatch.setattr("infra.redis.sentinels.LOOK_INTERVAL_SECONDS", 1e9)
    primary, replica = await primary_and_replica(group)
    for server in group.servers:
        await group.ask(server, "CONFIG", "SET", "min-replicas-max-lag", "1")
    async with client(group.settings()) as redis:
        assert await is_written(redis, "before")
        await until(lambda: holds(group, replica, "before"), "the replica has it too")
        await group.ask(primary, "CONFIG", "SET", "min-replicas-to-write", str(replicas))
        await group.cut_off(primary)
        await group.becomes_primary(replica)

        async def is_refused() -> bool:
            try:
                with faults_sorted():
                    await redis.set(KEY, "lost")
            except Unavailable as error:
                return "NOREPLICAS" in str(error)
            return False

        if replicas:
            await until(is_refused, "the former primary refuses", seconds=10)
        else:
            assert await is_written(redis, "lost")
        await group.ask(primary, "CONFIG", "SET", "min-replicas-to-write", "0")
        await group.reconnect(primary)
        await until(lambda: group.is_replica(primary), "the former primary is a replica", seconds=60)
        assert await holds(group, primary, "before")
        await until(lambda: reads(redis, b"before"), "the sentinels' kill has ended the connection", seconds=10)
