"""A unique claim has one holder, whichever stream asks first; secrets are kept beside the events, not in them."""

import asyncio

import pytest

from tests.ports.tables import EventStores, Tables, held
from tests.postgres.batches import (
    LANE,
    OTHER_LANE,
    batch,
    claim,
    everything,
    settled,
)
from workers.ports.event_store import (
    ClaimConflict,
    ClaimToAcquire,
    CredentialRow,
)
from workers.ports.lanes import LaneKey

ROUNDS = 5
MANY = 300


async def test_rejected_claims_are_named_exactly_and_nothing_is_written(store: EventStores, tables: Tables) -> None:
    await claim(store, OTHER_LANE, ("ada@example.org", "other"), ("bob@example.org", "other"))
    await store.acquire(LANE, "owner")
    before = await tables.contents()
    wanted = [ClaimToAcquire("email", key, "ada") for key in ("eve@example.org", "bob@example.org", "ada@example.org")]
    with pytest.raises(ClaimConflict) as caught:
        await store.commit(everything(claims_to_acquire=[*wanted, ClaimToAcquire("phone", "ada@example.org", "ada")]))
    assert caught.value.rejected == {("email", "ada@example.org"), ("email", "bob@example.org")}
    assert await tables.contents() == before


async def test_the_same_key_is_free_in_another_context(store: EventStores, tables: Tables) -> None:
    await claim(store, OTHER_LANE, ("ada@example.org", "other"))
    await store.acquire(LANE, "owner")
    await store.commit(batch(context="orders", claims_to_acquire=[ClaimToAcquire("email", "ada@example.org", "order")]))
    assert await tables.unique_claims() == {
        ("users", "ada@example.org"): "other",
        ("orders", "ada@example.org"): "order",
    }


async def test_lanes_that_claim_the_same_in_opposite_orders_both_come_to_an_end(
    store: EventStores, tables: Tables
) -> None:
    lanes = {
        LANE: (await store.acquire(LANE, "one")).epoch,
        OTHER_LANE: (await store.acquire(OTHER_LANE, "two")).epoch,
    }

    async def attempt(lane: LaneKey, keys: list[str]) -> frozenset[tuple[str, str]]:
        try:
            await store.commit(
                batch(lane, lanes[lane], claims_to_acquire=[ClaimToAcquire("email", key, str(lane)) for key in keys])
            )
        except ClaimConflict as conflict:
            return conflict.rejected
        return frozenset()

    for round_number in range(ROUNDS):
        keys = [f"{round_number}-{number:03d}" for number in range(MANY)]
        rejected = await asyncio.gather(attempt(LANE, keys), attempt(OTHER_LANE, keys[::-1]))
        assert sorted(map(len, rejected)) == [0, MANY]
    assert len(await held(tables)) == ROUNDS * MANY


async def test_unique_claims_are_handed_over_and_released(store: EventStores, tables: Tables) -> None:
    await claim(store, LANE, ("old@example.org", "ada"), ("kept@example.org", "bob"), ("passed@example.org", "ada"))
    changes = [settled("old@example.org", None, "ada"), settled("passed@example.org", "eve", "ada")]
    await store.commit(batch(claims_to_settle=[*changes, settled("unknown@example.org", None, "ada")]))
    assert await held(tables) == {"kept@example.org": "bob", "passed@example.org": "eve"}
    await store.commit(batch(claims_to_acquire=[ClaimToAcquire("email", "old@example.org", "bob")]))
    assert (await held(tables))["old@example.org"] == "bob"


async def test_no_stream_releases_what_another_holds(store: EventStores, tables: Tables) -> None:
    await claim(store, LANE, ("ada@example.org", "bob"), ("own@example.org", "ada"))
    changes = [settled("ada@example.org", None, "ada"), settled("own@example.org", None, "ada")]
    await store.commit(batch(claims_to_settle=changes))
    assert await held(tables) == {"ada@example.org": "bob"}


async def test_no_stream_hands_on_what_another_holds_and_nothing_is_written(store: EventStores, tables: Tables) -> None:
    await claim(store, LANE, ("ada@example.org", "bob"), ("own@example.org", "ada"))
    before = await tables.contents()
    changes = [
        settled("ada@example.org", "eve", "ada"),
        settled("nobodys@example.org", "eve", "ada"),
        settled("own@example.org", "eve", "ada"),
    ]
    with pytest.raises(ClaimConflict) as caught:
        await store.commit(
            everything(claims_to_acquire=[ClaimToAcquire("email", "new@example.org", "ada")], claims_to_settle=changes)
        )
    assert caught.value.rejected == frozenset()
    assert caught.value.not_held == {("email", "ada@example.org", "ada"), ("email", "nobodys@example.org", "ada")}
    assert await tables.contents() == before


async def test_a_key_is_claimed_and_settled_in_one_batch(store: EventStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    wanted = [ClaimToAcquire("email", key, "ada") for key in ("brief@example.org", "passed@example.org")]
    changes = [settled("brief@example.org", None, "ada"), settled("passed@example.org", "eve", "ada")]
    await store.commit(batch(claims_to_acquire=wanted, claims_to_settle=changes))
    assert await held(tables) == {"passed@example.org": "eve"}


async def test_secrets_are_kept_replaced_and_removed(store: EventStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(batch(credentials=[CredentialRow("ada", "one"), CredentialRow("bob", "two")]))
    await store.commit(batch(credentials=[CredentialRow("ada", "three"), CredentialRow("bob", None)]))
    assert await tables.secrets() == {"ada": "three"}
    await store.commit(batch(credentials=[CredentialRow("ada", None), CredentialRow("nobody", None)]))
    assert await tables.secrets() == {}
