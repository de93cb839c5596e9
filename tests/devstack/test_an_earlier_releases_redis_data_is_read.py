"""The embedded Redis was once Redis 6.2. Its data is there after the first start of Valkey, and after the second."""

import base64
from pathlib import Path

from pydantic import SecretStr
from redis.asyncio import Redis

from infra.devstack.stack import Devstack
from infra.settings import Settings

# The appendonly.aof of Redis 6.2.14: a rewritten part in the snapshot format, then a transaction.
APPEND_ONLY_FILE = base64.b64decode(
    "UkVESVMwMDA5+glyZWRpcy12ZXIGNi4yLjE0+gpyZWRpcy1iaXRzwED6BWN0aW1lwiN+B2v6CHVzZWQtbWVtwjjLDgD6DGFvZi1wcmVhbWJsZc"
    "AB/gD7BAAABGtlcHQFYSBrZXkMAXoTEwAAAA0AAAACAAABbQMDMS41/wIBcwIBeQF4DQFoFRUAAAASAAAABAAAAWED8gIBYgPz///ah6VWxXGq"
    "GioyDQokNg0KU0VMRUNUDQokMQ0KMA0KKjENCiQ1DQpNVUxUSQ0KKjMNCiQzDQpTRVQNCiQ0DQpsYXRlDQokMTYNCmluIGEgdHJhbnNhY3Rpb2"
    "4NCiozDQokNA0KU0FERA0KJDENCnMNCiQxDQp3DQoqMQ0KJDQNCkVYRUMNCg=="
)


def only_redis(home: Path) -> Settings:
    return Settings(
        home=home,
        kafka_bootstrap_servers="127.0.0.1:1",
        database_url=SecretStr("postgresql://127.0.0.1:1/x"),
        redis_url=None,
    )


async def everything(url: str) -> list[object]:
    async with Redis.from_url(url, decode_responses=True) as client:
        return [
            await client.get("kept"),
            await client.get("late"),
            await client.hgetall("h"),
            await client.smembers("s"),
            await client.zrange("z", 0, -1, withscores=True),
            await client.dbsize(),
        ]


async def test_all_of_it_is_there_after_the_first_start_and_the_second(tmp_path: Path) -> None:
    data = tmp_path / "redis" / "data"
    data.mkdir(parents=True)
    (data / "appendonly.aof").write_bytes(APPEND_ONLY_FILE)
    stack = Devstack(tmp_path, only_redis(tmp_path))
    for _ in range(2):
        addresses = await stack.start()
        values = await everything(addresses.redis_url)
        await stack.stop()
        assert values[:2] == ["a key", "in a transaction"]
        assert values[2:4] == [{"a": "1", "b": "2"}, {"w", "x", "y"}]
        assert [list(pair) for pair in values[4]] == [["m", 1.5]]  # type: ignore[attr-defined]
        assert values[5] == 5


async def test_a_transaction_cut_short_by_a_kill_is_left_out_and_later_writes_are_kept(tmp_path: Path) -> None:
    """A projection's batch is one transaction: half of one must not be visible, and must not swallow the next."""
    stack = Devstack(tmp_path, only_redis(tmp_path))
    addresses = await stack.start()
    async with Redis.from_url(addresses.redis_url) as client:
        await client.set("before", "1")
    await stack.stop()
    log = next((tmp_path / "redis" / "data" / "appendonlydir").glob("*.incr.aof"))
    with log.open("ab") as file:
        file.write(b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n*1\r\n$4\r\nEX")
    addresses = await stack.start()
    async with Redis.from_url(addresses.redis_url) as client:
        assert await client.get("half") is None
        await client.set("after", "1")
    await stack.stop()
    addresses = await stack.start()
    async with Redis.from_url(addresses.redis_url, decode_responses=True) as client:
        assert await client.mget("before", "half", "after") == ["1", None, "1"]
    await stack.stop()
