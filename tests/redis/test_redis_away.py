"""A Redis that is away, or accepts connections and never answers, is Unavailable within the deadline."""

import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.redis.cards import CARDS, TOPIC, batch, buyer
from workers.ports.lanes import Unavailable

Call = Callable[[Any], Awaitable[Any]]
KEYS = Keys()
CALLS: dict[str, Call] = {
    "checkpoint": lambda redis: RedisReadModelWriter(redis, KEYS).checkpoint(CARDS, TOPIC, 0),
    "is_empty": lambda redis: RedisReadModelWriter(redis, KEYS).is_empty(CARDS),
    "documents": lambda redis: RedisReadModelWriter(redis, KEYS).documents(CARDS, ["ada"]),
    "commit": lambda redis: RedisReadModelWriter(redis, KEYS).commit(batch({"ada": "Rome"})),
    "document": lambda redis: RedisReadModels(redis, KEYS).document(CARDS.projection, "ada"),
    "find": lambda redis: RedisReadModels(redis, KEYS).find(CARDS.projection, None, 10, None),
    "documents of a query": lambda redis: RedisReadModels(redis, KEYS).documents(CARDS.projection, ["ada"]),
    "tally": lambda redis: RedisReadModels(redis, KEYS).tally(CARDS.projection, [buyer("ada")]),
    "reached": lambda redis: RedisReadModels(redis, KEYS).reached(CARDS.projection, TOPIC, 0),
}


@pytest.fixture(params=["not listening", "not answering"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with such a Redis; the deadlines are shorter than in production."""
    monkeypatch.setattr("infra.redis.connection.CONNECT_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("infra.redis.connection.ANSWER_TIMEOUT_SECONDS", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "not answering":
            listener.listen()
        yield Settings(redis_url=SecretStr(f"redis://:hidden@127.0.0.1:{listener.getsockname()[1]}/0"))


@pytest.mark.parametrize("name", CALLS)
async def test_each_call_ends_in_time(away: Settings, name: str) -> None:
    async with client(away) as redis:
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            await CALLS[name](redis)
        assert time.monotonic() - began < 3
    assert caught.value.server == "Redis"
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hidden@127.0.0.1:1/0?unknown=1",
        "redis://:hidden@127.0.0.1:1/0?db=one",
        "redis://:hidden@127.0.0.1:1/0?socket_timeout=hidden",
        "redis://:hidden@127.0.0.1:1/0?protocol=9",
        "rediss://:hidden@127.0.0.1:1/0?ssl_cert_reqs=hidden",
    ],
)
def test_a_url_that_no_client_can_be_made_of_is_reported_without_quoting_it(url: str) -> None:
    with pytest.raises(Unavailable, match="ANNALS_REDIS_URL cannot be used") as caught:
        client(Settings(redis_url=SecretStr(url)))
    assert "hidden" not in str(caught.value)
