"""A Redis that may evict our keys is rejected, however its policy is learned, and also when it changes it later."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr
from redis.exceptions import ResponseError

from infra.redis import server_signs as module
from infra.redis.connection import client
from infra.redis.server_signs import server_signs
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.read_models import EvictionAllowed

REJECTED = ("allkeys-lru", "allkeys-lfu", "allkeys-random")
ACCEPTED = ("noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")


@pytest.mark.parametrize("policy", REJECTED)
async def test_is_rejected_with_what_to_do(own_redis: Any, policy: str) -> None:
    await own_redis.config_set("maxmemory-policy", policy)
    with pytest.raises(EvictionAllowed) as caught:
        await server_signs(own_redis)
    message = str(caught.value)
    port = own_redis.connection_pool.connection_kwargs["port"]
    for part in (policy, f"127.0.0.1:{port}", "CONFIG SET maxmemory-policy noeviction"):
        assert part in message
    assert own_redis.connection_pool.connection_kwargs["password"] not in message
    await own_redis.config_set("maxmemory-policy", "noeviction")
    assert await server_signs(own_redis) is not None


@pytest.mark.parametrize("policy", ACCEPTED)
async def test_is_accepted_when_it_spares_keys_without_an_end(own_redis: Any, policy: str) -> None:
    await own_redis.config_set("maxmemory-policy", policy)
    signs = await server_signs(own_redis)
    assert signs is not None
    assert (signs.evicted, signs.spares_ours) == (0, policy != "noeviction")


async def test_counts_what_it_has_evicted(own_redis: Any) -> None:
    await evict(own_redis)
    signs = await server_signs(own_redis)
    assert signs is not None
    assert signs.evicted > 0


async def evict(redis: Any) -> None:
    """Make the server evict some of its keys."""
    await redis.config_set("maxmemory-policy", "allkeys-random")
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory", used + 200_000)
    for number in range(40):
        await redis.set(f"filling:{number}", b"x" * 20_000)
    await redis.config_set("maxmemory", 0)
    await redis.config_set("maxmemory-policy", "noeviction")
    assert (await redis.info("stats"))["evicted_keys"] > 0


@pytest_asyncio.fixture(params=["-config", "-info", "-config -info"])
async def restricted(own_server: Settings, own_redis: Any, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A client with fewer rights, as with managed servers."""
    rules = ("on", ">hidden", "~*", "+@all", *request.param.split())
    await own_redis.execute_command("ACL", "SETUSER", "guest", "reset", *rules)
    assert own_server.redis_url is not None
    port = urlsplit(own_server.redis_url.get_secret_value()).port
    url = SecretStr(f"redis://guest:hidden@127.0.0.1:{port}/0")
    async with client(own_server.model_copy(update={"redis_url": url})) as guest:
        yield guest
    await own_redis.execute_command("ACL", "DELUSER", "guest")


async def test_may_forbid_to_be_asked(
    restricted: Any, own_redis: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_said", set())
    await own_redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        await server_signs(restricted)
    except EvictionAllowed:
        rejected = True
    else:
        rejected = False
        await server_signs(restricted)
    warnings = capsys.readouterr().out.count("the server does not tell its eviction policy")
    assert (rejected, warnings) in ((True, 0), (False, 1)), (
        "it is rejected, or one warning says that its policy is unknown"
    )
    rules = str(await own_redis.execute_command("ACL", "LIST"))
    assert rejected == (not ("-config" in rules and "-info" in rules))


class Managed:
    """A server as some providers run it: INFO leaves the policy out, CONFIG GET says nothing or is unknown."""

    def __init__(self, policy: dict[str, str] | Exception) -> None:
        self.policy = policy
        self.connection_pool = self
        self.connection_kwargs = {"path": "/run/redis.sock"}

    async def info(self) -> dict[str, Any]:
        return {"run_id": "1", "evicted_keys": 0, "maxmemory_policy": ""}

    async def config_get(self, _: str) -> dict[str, str]:
        if isinstance(self.policy, Exception):
            raise self.policy
        return self.policy


@pytest.mark.parametrize("answer", [{}, ResponseError("unknown command 'CONFIG'"), {"maxmemory-policy": "noeviction"}])
async def test_may_leave_the_policy_out(answer: dict[str, str] | Exception) -> None:
    signs = await server_signs(Managed(answer))
    assert signs is not None
    assert not signs.spares_ours


async def test_that_leaves_the_policy_out_is_asked_another_way() -> None:
    with pytest.raises(EvictionAllowed, match=r"/run/redis\.sock .*allkeys-lru"):
        await server_signs(Managed({"maxmemory-policy": "allkeys-lru"}))


async def test_whose_answer_is_another_error_does_not_count_as_silent() -> None:
    with pytest.raises(Unavailable, match="LOADING"):
        await server_signs(Managed(ResponseError("LOADING dataset in memory")))
