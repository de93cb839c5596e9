"""States that a running Redis can be brought into: lanes and queries wait, say why, and go on; nothing is a bug."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr

from contracts.topics import Topics
from infra.redis.connection import client
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.lanes.recorded_rows import TOPIC
from tests.redis.test_a_redis_that_loses_a_part import KEYS, LIVE, LOG, USERS, Scene
from tests.waiting import until
from workers.gateway.queries import Queries
from workers.ports.lanes import Unavailable

PASSWORD = "p:/?#[]@% +&=ü\"'\\word"
Action = Callable[[Any], Awaitable[Any]]


class State(NamedTuple):
    """How to bring it about and to end it, what is said then, and whether queries are answered meanwhile."""

    begin: Action
    end: Action
    says: str
    reads: bool


def acl(*rules: str) -> Action:
    return lambda admin: admin.execute_command("ACL", "SETUSER", "guest", *rules)


def setting(name: str, value: object) -> Action:
    return lambda admin: admin.config_set(name, value)


async def replica(admin: Any) -> None:
    await admin.execute_command("REPLICAOF", "127.0.0.1", "1")


async def primary(admin: Any) -> None:
    await admin.execute_command("REPLICAOF", "NO", "ONE")


async def no_stale_replica(admin: Any) -> None:
    await admin.config_set("replica-serve-stale-data", "no")
    await replica(admin)


async def stale_again(admin: Any) -> None:
    await primary(admin)
    await admin.config_set("replica-serve-stale-data", "yes")


RIGHTS = ("+@all",)
STATES = {
    "no memory left": State(setting("maxmemory", 1), setting("maxmemory", 0), "raise maxmemory", True),
    "too few replicas": State(
        setting("min-replicas-to-write", 1), setting("min-replicas-to-write", 0), "min-replicas-to-write", True
    ),
    "a replica": State(replica, primary, "name the primary", True),
    "a replica that is cut off": State(no_stale_replica, stale_again, "name the primary", False),
    "a user that is off": State(acl("off"), acl("on"), "user and password", False),
    "another password": State(acl("resetpass", ">other"), acl("resetpass", f">{PASSWORD}"), "user and password", False),
    "no right to write": State(acl("-set"), acl(*RIGHTS), "ACL SETUSER", True),
    "no right to index": State(acl("-zadd"), acl(*RIGHTS), "ACL SETUSER", True),
    "no right to watch": State(acl("-watch"), acl(*RIGHTS), "ACL SETUSER", True),
    "no right to read": State(acl("-mget"), acl(*RIGHTS), "ACL SETUSER", False),
    "no right to any key": State(acl("resetkeys"), acl("~*"), "ACL SETUSER", False),
    "no right to our keys": State(acl("resetkeys", "~others:*"), acl("~*"), "ACL SETUSER", False),
}


class Guest(NamedTuple):
    """Our client as a user whose rights may change, with a password that needs its escaping, and one beside it."""

    redis: Any
    admin: Any


@pytest_asyncio.fixture
async def guest(own_server: Settings, own_redis: Any) -> AsyncIterator[Guest]:
    rules = ("reset", "on", f">{PASSWORD}", "~*", "&*", *RIGHTS)
    await own_redis.execute_command("ACL", "SETUSER", "guest", *rules)
    assert own_server.redis_url is not None
    port = urlsplit(own_server.redis_url.get_secret_value()).port
    url = SecretStr(f"redis://guest:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0")
    async with client(Settings(redis_url=url)) as redis:
        yield Guest(redis, own_redis)
    await own_redis.execute_command("ACL", "DELUSER", "guest")


def secretless(error: BaseException) -> str:
    """All that a log may show of an error. It holds neither a password nor what a document holds."""
    message = f"{error} {error!r} {getattr(error, 'advice', '')}"
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "example.org", "Lovelace"):
        assert secret not in message
    return message


@pytest.mark.parametrize("name", STATES)
async def test_is_waited_for_and_gone_on_from(guest: Guest, name: str) -> None:
    state = STATES[name]
    scene = Scene(guest.redis)
    await scene.lane.acquire()
    await scene.lane.handle(LOG[:120])
    queries = RedisReadModels(guest.redis, KEYS)
    before = await queries.document(LIVE.projection, USERS[0])
    await state.begin(guest.admin)
    try:
        # A connection that is open already may go on with the rights that it has: a new one may not.
        await guest.redis.connection_pool.disconnect(inuse_connections=False)
        with pytest.raises(Unavailable) as caught:
            await scene.lane.handle(LOG[120:])
        message = secretless(caught.value)
        assert state.says in message
        if state.reads:
            assert await queries.document(LIVE.projection, USERS[0]) == before
            assert await queries.document(LIVE.projection, "nobody") is None
        else:
            for ask in (
                queries.document(LIVE.projection, USERS[0]),
                queries.find(LIVE.projection, None, 10, None),
                queries.reached(LIVE.projection, TOPIC, 0),
            ):
                with pytest.raises(Unavailable) as caught:
                    await ask
                secretless(caught.value)
    finally:
        await state.end(guest.admin)
    await guest.redis.connection_pool.disconnect()
    await scene.begin_where_it_is()
    assert len(scene.whole[0]) == 100
    assert scene.whole[2] == {0: 150}


async def test_a_query_without_the_right_to_read_sections_shows_nothing_without_them(guest: Guest) -> None:
    scene = await Scene(guest.redis).begin()
    read_models = RedisReadModels(guest.redis, KEYS)
    queries = Queries(read_models, Topics(), [])
    before = await read_models.document(LIVE.projection, USERS[0])
    assert before is not None
    await queries.check()
    await acl("-hgetall")(guest.admin)
    await guest.redis.connection_pool.disconnect(inuse_connections=False)
    for ask in (
        read_models.document(LIVE.projection, USERS[0]),
        read_models.find(LIVE.projection, None, 10, None),
        queries.check(),
    ):
        with pytest.raises(Unavailable) as caught:
            await ask
        assert "ACL SETUSER" in secretless(caught.value)
    await acl(*RIGHTS)(guest.admin)
    await guest.redis.connection_pool.disconnect()
    assert await read_models.document(LIVE.projection, USERS[0]) == before
    assert len(scene.whole[0]) == 100


async def closed(redis: Any) -> None:
    await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


async def slow(redis: Any) -> None:
    await redis.execute_command("CLIENT", "PAUSE", "700", "ALL")


@pytest.mark.parametrize("action", [closed, slow], ids=["closed", "slow"])
async def test_connections_that_break_or_stall_lose_nothing(guest: Guest, action: Action) -> None:
    scene = Scene(guest.redis)
    await scene.lane.acquire()
    await scene.lane.handle(LOG[:120])
    for connection in guest.redis.connection_pool._available_connections:
        connection.socket_timeout = 0.2
    await action(guest.admin)
    with suppress(Unavailable):
        await scene.lane.handle(LOG[120:])

    async def goes_on() -> bool:
        await guest.redis.connection_pool.disconnect()
        try:
            await scene.begin_where_it_is()
        except Unavailable as error:
            secretless(error)
            return False
        return True

    await until(goes_on, "the lane goes on", seconds=30)
    assert (len(scene.whole[0]), scene.whole[2]) == (100, {0: 150})


async def test_another_database_in_its_place_is_filled_from_the_beginning(guest: Guest) -> None:
    """SWAPDB, or a failover to a server that has nothing; and back to one that is behind."""
    scene = await Scene(guest.redis).begin()
    whole = scene.whole
    for _ in range(2):
        await guest.admin.execute_command("SWAPDB", 0, 9)
        await scene.begin_where_it_is()
        assert scene.whole == whole
