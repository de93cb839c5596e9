"""What is kept in Redis, key by key: installations are apart by their prefixes, and what is gone leaves nothing."""

from typing import Any

from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from tests.redis.cards import CARDS, TOPIC, batch, removal
from tests.redis.conftest import all_keys
from workers.ports.read_models import START, Checkpoint

FIRST, SECOND = Checkpoint(3, 10), Checkpoint(5, 12)


async def test_prefixes_are_apart(writer: RedisReadModelWriter, redis: Any) -> None:
    elsewhere = RedisReadModelWriter(redis, Keys("elsewhere."))
    await writer.commit(batch({"ada": "Rome"}, to=FIRST))
    assert await elsewhere.is_empty(CARDS)
    assert await elsewhere.checkpoint(CARDS, TOPIC, 0) == START


async def test_of_removed_documents_only_the_checkpoint_is_left(
    writer: RedisReadModelWriter, redis: Any, keys: Keys
) -> None:
    await writer.commit(batch({"ada": "Rome", "bob": "Rome"}, to=FIRST))
    await writer.commit(removal({"ada": "Rome", "bob": "Rome"}, expected=FIRST, to=SECOND))
    assert list(await all_keys(redis)) == [keys.checkpoint(CARDS, TOPIC, 0).encode()]
