"""A batch of a command lane is written whole by the lane's owner, or not at all."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from tests.postgres.batches import (
    LANE,
    OTHER_LANE,
    TIME,
    batch,
    claim,
    command_id,
    event,
    everything,
    outcome,
    reservations,
    secrets,
    settled,
    tables,
)
from workers.ports.event_store import (
    Acquire,
    Batch,
    ClaimsRefused,
    CredentialRow,
    Repeated,
    StreamEvent,
    Unstorable,
)
from workers.ports.lanes import Fenced, LaneGrant, LaneKey, Mark

ROUNDS = 5
MANY = 300


@pytest_asyncio.fixture
async def store(database: Database) -> PostgresEventStore:
    return PostgresEventStore(database)


async def test_a_lane_is_taken_in_the_next_epoch_and_told_how_far_it_is(store: PostgresEventStore) -> None:
    assert await store.take(LANE, "first") == LaneGrant(1, 0, 0, Mark(0, -1), 0)
    await store.commit(everything())
    assert await store.take(LANE, "second") == LaneGrant(2, 7, 2, Mark(1, 0), 0)
    assert (await store.take(OTHER_LANE, "second")).epoch == 1
    assert await store.holds(LANE, 2)
    assert not await store.holds(LANE, 1)
    assert not await store.holds(LaneKey("saga", "users.commands", 0), 1)


async def test_an_event_comes_back_as_it_was_written(store: PostgresEventStore) -> None:
    await store.take(LANE, "owner")
    full = event(1, data='{"city": "Ørsted ☃"}'.encode(), actor="clerk", traceparent="00-a-b-01")
    await store.commit(batch(sequence=1, events=[full, event(2, version=2)], outcomes=[outcome(1)]))
    assert await store.events_after("users", 0, 0, 10) == [full, event(2, version=2)]
    assert await store.events_after("users", 0, 1, 10) == [event(2, version=2)]
    assert await store.events_after("users", 0, 0, 1) == [full]
    assert await store.events_after("users", 1, 0, 10) == []


async def test_an_old_epoch_writes_nothing_at_all(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "paused")
    await store.take(LANE, "successor")
    before = await tables(onlooker)
    with pytest.raises(Fenced) as caught:
        await store.commit(everything(epoch=1))
    assert (caught.value.lane, caught.value.epoch) == (LANE, 1)
    assert await tables(onlooker) == before
    await store.commit(everything(epoch=2))


async def test_a_lane_that_was_never_taken_is_nobodys(store: PostgresEventStore, onlooker: Any) -> None:
    before = await tables(onlooker)
    with pytest.raises(Fenced):
        await store.commit(everything())
    assert await tables(onlooker) == before


async def test_refused_claims_are_named_exactly_and_nothing_is_written(
    store: PostgresEventStore, onlooker: Any
) -> None:
    await claim(store, OTHER_LANE, ("ada@example.org", "other"), ("bob@example.org", "other"))
    await store.take(LANE, "owner")
    before = await tables(onlooker)
    wanted = [Acquire("email", key, "ada") for key in ("eve@example.org", "bob@example.org", "ada@example.org")]
    with pytest.raises(ClaimsRefused) as caught:
        await store.commit(everything(acquire=[*wanted, Acquire("phone", "ada@example.org", "ada")]))
    assert caught.value.refused == {("email", "ada@example.org"), ("email", "bob@example.org")}
    assert await tables(onlooker) == before


async def test_the_same_key_is_free_in_another_context(store: PostgresEventStore, onlooker: Any) -> None:
    await claim(store, OTHER_LANE, ("ada@example.org", "other"))
    await store.take(LANE, "owner")
    await store.commit(batch(context="orders", acquire=[Acquire("email", "ada@example.org", "order")]))
    assert await onlooker.fetchval("SELECT count(*) FROM annals.reservations") == 2


async def test_lanes_that_claim_the_same_in_opposite_orders_both_come_to_an_end(
    store: PostgresEventStore, onlooker: Any
) -> None:
    lanes = {LANE: (await store.take(LANE, "one")).epoch, OTHER_LANE: (await store.take(OTHER_LANE, "two")).epoch}

    async def attempt(lane: LaneKey, keys: list[str]) -> frozenset[tuple[str, str]]:
        try:
            await store.commit(batch(lane, lanes[lane], acquire=[Acquire("email", key, str(lane)) for key in keys]))
        except ClaimsRefused as refusal:
            return refusal.refused
        return frozenset()

    for round_number in range(ROUNDS):
        keys = [f"{round_number}-{number:03d}" for number in range(MANY)]
        refused = await asyncio.gather(attempt(LANE, keys), attempt(OTHER_LANE, keys[::-1]))
        assert sorted(map(len, refused)) == [0, MANY]
    assert len(await reservations(onlooker)) == ROUNDS * MANY


async def test_reservations_are_handed_over_and_released(store: PostgresEventStore, onlooker: Any) -> None:
    await claim(store, LANE, ("old@example.org", "ada"), ("kept@example.org", "bob"), ("passed@example.org", "ada"))
    changes = [settled("old@example.org", None), settled("passed@example.org", "eve")]
    await store.commit(batch(settle=[*changes, settled("unknown@example.org", "eve")]))
    assert await reservations(onlooker) == {"kept@example.org": "bob", "passed@example.org": "eve"}
    await store.commit(batch(acquire=[Acquire("email", "old@example.org", "bob")]))
    assert (await reservations(onlooker))["old@example.org"] == "bob"


async def test_a_key_is_claimed_and_settled_in_one_batch(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "owner")
    wanted = [Acquire("email", key, "ada") for key in ("brief@example.org", "passed@example.org")]
    changes = [settled("brief@example.org", None), settled("passed@example.org", "eve")]
    await store.commit(batch(acquire=wanted, settle=changes))
    assert await reservations(onlooker) == {"passed@example.org": "eve"}


async def test_a_known_command_is_repeated_and_nothing_is_written(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "owner")
    await store.commit(everything())
    before = await tables(onlooker)
    with pytest.raises(Repeated):
        await store.commit(everything(sequence=3, events=[event(3, version=3)], outcomes=[outcome(1)], acquire=[]))
    assert await tables(onlooker) == before


UNSTORABLE: dict[str, Batch] = {
    "a NUL in a text": everything(outcomes=[outcome(1, stream_id="a\x00da")]),
    "a NUL in an event's JSON": everything(events=[event(1, data=rb'{"city": "\u0000"}')]),
    "a lone surrogate in a text": everything(events=[event(1, actor="\ud800")]),
    "a lone surrogate in an event's JSON": everything(events=[event(1, data=rb'{"city": "\ud800"}')]),
    "U+001F in a text": everything(outcomes=[outcome(1, correlation_id="a\x1fb"), outcome(2)]),
    "U+001F in a reservation": everything(acquire=[Acquire("email", "a\x1fb", "ada")]),
    "U+001F in a secret": everything(credentials=[CredentialRow("ada", "a\x1fb")]),
    "a number out of range in JSON": everything(events=[event(1, data=b'{"amount": 1e400000}')]),
    "a number too large for its column": everything(events=[event(1, schema_version=2**31)]),
    "no text at all": everything(acquire=[Acquire("email", "", "ada")]),
}


@pytest.mark.parametrize("name", UNSTORABLE)
async def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    store: PostgresEventStore, onlooker: Any, name: str
) -> None:
    await store.take(LANE, "owner")
    before = await tables(onlooker)
    with pytest.raises(Unstorable):
        await store.commit(UNSTORABLE[name])
    assert await tables(onlooker) == before
    await store.commit(everything())


async def test_a_look_up_tells_the_time_the_outcomes_and_the_streams(store: PostgresEventStore) -> None:
    await store.take(LANE, "owner")
    odd = '{ "status" :"accepted",\n  "name": "\\u00e9 é", "a": 1, "a": 2.50 }'.encode()
    mixed = [event(1, "bob"), event(2, "ada"), event(3, "bob", 2), event(4, "ada", 2), event(5, "eve")]
    await store.commit(batch(sequence=5, outcomes=[outcome(1, outcome=odd), outcome(2)], events=mixed))
    found = await store.look_up("users", [command_id(1), command_id(99)], ["bob", "nobody", "ada"])
    assert found.outcomes == {command_id(1): odd}
    assert await store.outcome(command_id(1)) == odd
    assert await store.outcome(command_id(99)) is None
    assert abs(found.now - datetime.now(UTC)) < timedelta(minutes=1)
    data = event(1).data
    expected = [StreamEvent(name, version, "UserCreated", 1, data) for name in ("ada", "bob") for version in (1, 2)]
    assert sorted(found.events) == expected
    assert list(found.events) in (expected, expected[2:] + expected[:2])


async def test_a_look_up_for_nothing_finds_nothing(store: PostgresEventStore) -> None:
    await store.take(LANE, "owner")
    await store.commit(everything())
    assert (await store.look_up("users", [], []))[1:] == ({}, [])
    assert (await store.look_up("orders", [], ["ada"])).events == []


async def test_a_streams_versions_are_in_order_beyond_nine(store: PostgresEventStore) -> None:
    await store.take(LANE, "owner")
    await store.commit(batch(sequence=12, events=[event(number, version=number) for number in range(1, 13)]))
    found = await store.look_up("users", [], ["ada"])
    assert [each.stream_version for each in found.events] == list(range(1, 13))


async def test_the_batchs_time_is_the_time_of_all_that_it_writes(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "owner")
    await store.commit(everything())
    for table, column in [("events", "recorded_at"), ("commands", "handled_at"), ("reservations", "reserved_at")]:
        assert await onlooker.fetchval(f"SELECT {column} FROM annals.{table} LIMIT 1") == TIME  # noqa: S608


async def test_secrets_are_kept_replaced_and_removed(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "owner")
    await store.commit(batch(credentials=[CredentialRow("ada", "one"), CredentialRow("bob", "two")]))
    await store.commit(batch(credentials=[CredentialRow("ada", "three"), CredentialRow("bob", None)]))
    assert await secrets(onlooker) == {"ada": "three"}
    await store.commit(batch(credentials=[CredentialRow("ada", None), CredentialRow("nobody", None)]))
    assert await secrets(onlooker) == {}


async def test_who_leaves_notes_the_mark_and_nobody_owns_the_lane(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "owner")
    await store.commit(everything())
    await store.leave(LANE, 1, Mark(2, 5))
    assert await onlooker.fetchval("SELECT owner FROM annals.lanes") is None
    assert (await store.take(LANE, "next")) == LaneGrant(2, 7, 2, Mark(2, 5), 0)


async def test_the_owners_mark_counts_also_when_it_is_behind(store: PostgresEventStore) -> None:
    """A log that was restored shorter has its records at lower offsets."""
    await store.take(LANE, "owner")
    await store.commit(everything(mark=Mark(2, 500)))
    await store.leave(LANE, 1, Mark(1, 3))
    assert (await store.take(LANE, "next")).mark == Mark(1, 3)


async def test_who_was_fenced_leaves_quietly(store: PostgresEventStore, onlooker: Any) -> None:
    await store.take(LANE, "paused")
    await store.take(LANE, "successor")
    before = await tables(onlooker)
    await store.leave(LANE, 1, Mark(9, 9))
    assert await tables(onlooker) == before
