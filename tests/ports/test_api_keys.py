"""Keys of services are found by their id with what they are checked against; operators create, revoke and list them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
import pytest_asyncio

from infra.memory.api_keys import ApiKeyRows, MemoryApiKeyRegister, MemoryApiKeys
from infra.memory.wire import DirectWire
from infra.postgres.api_keys import PostgresApiKeyRegister, PostgresApiKeys
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.roles import API_KEYS, AUDIT
from infra.settings import Settings
from workers.ports.api_keys import ApiKeyRegister, ApiKeys, NewApiKey, StoredApiKey
from workers.ports.event_store import Unstorable

HASH = bytes(range(32))
SHOP = NewApiKey("0123456789abcdef", "shop", ("users.write", "orders.read"), HASH)


class Stored(NamedTuple):
    """The keys as the gateway reaches them, and as operators do."""

    keys: ApiKeys
    register: ApiKeyRegister


@pytest_asyncio.fixture
async def stored(own: Settings | None) -> AsyncIterator[Stored]:
    if own is None:
        rows = ApiKeyRows(lambda: datetime.now(UTC))
        yield Stored(MemoryApiKeys(rows, DirectWire()), MemoryApiKeyRegister(rows, DirectWire()))
        return
    assert own.database_url is not None
    url = own.database_url.get_secret_value()
    await migrate(url)
    reading, operating = Database(url, role=API_KEYS, connections=1), Database(url, role=AUDIT, connections=1)
    await reading.open()
    await operating.open()
    yield Stored(PostgresApiKeys(reading), PostgresApiKeyRegister(operating))
    await reading.close()
    await operating.close()


async def test_a_key_is_found_by_its_id(stored: Stored) -> None:
    await stored.register.create(SHOP)
    key = StoredApiKey(
        "shop", frozenset({"users.write", "orders.read"}), HASH, is_revoked=False, remaining_seconds=None
    )
    assert await stored.keys.api_key(SHOP.id) == key
    assert await stored.keys.api_key("fedcba9876543210") is None


async def test_it_says_how_long_it_is_valid(stored: Stored) -> None:
    created = await stored.register.create(SHOP._replace(expires_in_seconds=3600.0))
    assert created.expires_at is not None
    assert timedelta(minutes=59) < created.expires_at - datetime.now(UTC) < timedelta(minutes=61)
    key = await stored.keys.api_key(SHOP.id)
    assert key is not None
    assert key.remaining_seconds is not None
    assert 3500 < key.remaining_seconds <= 3600


async def test_one_that_has_expired_has_less_than_no_time(stored: Stored) -> None:
    await stored.register.create(SHOP._replace(expires_in_seconds=-1.0))
    key = await stored.keys.api_key(SHOP.id)
    assert key is not None
    assert key.remaining_seconds is not None
    assert key.remaining_seconds < 0


async def test_a_revoked_one_says_so_and_keeps_the_first_time(stored: Stored) -> None:
    await stored.register.create(SHOP)
    await stored.register.revoke(SHOP.id)
    key = await stored.keys.api_key(SHOP.id)
    assert key is not None
    assert key.is_revoked
    (before,) = await stored.register.listed(10)
    await stored.register.revoke(SHOP.id)
    await stored.register.revoke("fedcba9876543210")
    assert await stored.register.listed(10) == [before]
    assert before.revoked_at is not None


async def test_keys_are_listed_in_the_order_of_their_creation(stored: Stored) -> None:
    keys = [SHOP._replace(id=f"{number:016x}", name=f"service {9 - number}") for number in (3, 1, 2)]
    created = [await stored.register.create(key) for key in keys]
    assert await stored.register.listed(10) == created
    assert [key.id[-1] for key in await stored.register.listed(2)] == ["3", "1"]
    assert all(key.last_used_at is None and key.revoked_at is None for key in created)
    assert created[0].scopes == ("users.write", "orders.read")


async def test_a_use_is_noted_and_the_next_one_only_after_a_while(stored: Stored) -> None:
    await stored.register.create(SHOP)
    await stored.keys.note_used([SHOP.id, "fedcba9876543210"])
    (first,) = await stored.register.listed(10)
    assert first.last_used_at is not None
    assert abs(first.last_used_at - datetime.now(UTC)) < timedelta(minutes=1)
    await stored.keys.note_used([SHOP.id])
    assert await stored.register.listed(10) == [first]
    await stored.keys.note_used([])


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
async def test_what_cannot_be_stored_is_refused(stored: Stored, text: str) -> None:
    for key in (SHOP._replace(name=text), SHOP._replace(scopes=[text])):
        with pytest.raises(Unstorable):
            await stored.register.create(key)
    assert await stored.register.listed(10) == []
