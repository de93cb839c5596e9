"""What is kept in Redis, key by key: installations are apart by their prefixes, and what is gone leaves nothing."""

from typing import Any

import pytest

from infra.redis.documents import RedisStoredDocuments
from infra.redis.keys import Keys, entry_of, member, read_checkpoint, write_checkpoint
from infra.redis.read_model_writer import RedisReadModelWriter
from tests.redis.cards import CARDS, TOPIC, Purchase, batch, buyer, city, purchases, removal
from tests.redis.conftest import all_keys
from workers.core.projection import Index
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


@pytest.mark.parametrize("index", [Index("city", "rome"), Index("all", ""), buyer("ada", "2026-05-04"), buyer("", "1")])
def test_a_member_stands_for_its_entry(index: Index) -> None:
    assert entry_of(index.name, member(index, "id-1")) == (index, "id-1")


def test_an_entry_without_an_order_is_stored_as_ever() -> None:
    assert member(city("rome"), "ada") == b"rome\x00ada"


async def test_a_verification_reads_the_entries_as_they_were_written(
    writer: RedisReadModelWriter, redis: Any, keys: Keys
) -> None:
    bought = [Purchase("a", "ada", "2"), Purchase("b", "ada", "1")]
    await writer.commit(purchases(bought, to=FIRST))
    documents = RedisStoredDocuments(redis, keys)
    entries_of_buyer = [entry async for entries in documents.index_entries(CARDS, "buyer") for entry in entries]
    assert entries_of_buyer == [(buyer("ada", "1"), "b"), (buyer("ada", "2"), "a")]
    wanted = [*entries_of_buyer, (buyer("ada"), "a"), (buyer("ada", "1"), "a")]
    assert (await documents.at_one_moment(CARDS, TOPIC, [0], ["a"], wanted)).present == frozenset(entries_of_buyer)


@pytest.mark.parametrize("checkpoint", [FIRST, Checkpoint(3, 10, "0123456789ab"), Checkpoint(3, 10, "0123456789ab+")])
def test_a_checkpoint_is_read_as_it_was_written(checkpoint: Checkpoint) -> None:
    assert read_checkpoint(write_checkpoint(checkpoint).encode()) == checkpoint


@pytest.mark.parametrize("spoilt", [None, b"", b"7", b"7:8", b"x:1:", b"-1:1:", b"1:1:\xff", b'{"a":1}'])
def test_what_is_no_checkpoint_is_none(spoilt: bytes | None) -> None:
    assert read_checkpoint(spoilt) == START
