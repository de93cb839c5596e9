"""Batches of several lanes are one transaction, and each lane fares as if it had come alone."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from tests.postgres.batches import batch, command_id, event, outcome
from tests.postgres.locked_lanes import (
    assert_one_is_not_waited_for,
    assert_those_that_come_by_themselves_keep_no_other_waiting,
)
from workers.ports.event_store import Batch, ClaimConflict, ClaimToAcquire, ClaimToSettle, Repeated, Unstorable
from workers.ports.lanes import Fenced, LaneKey, LaneSetBack

LANES = [LaneKey("command", "users.commands", partition) for partition in range(4)]
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM annals.commands"
STORED = "SELECT command_id::text FROM annals.commands ORDER BY 1"


@pytest.fixture
async def store(database: Database) -> PostgresEventStore:
    """It owns all lanes, in epoch 1."""
    store = PostgresEventStore(database)
    for lane in LANES:
        await store.acquire(lane, "owner")
    return store


def of_lane(partition: int, **changes: Any) -> Batch:
    """A batch with one command of this lane, and its event."""
    rows = {
        "outcomes": [outcome(partition + 1, f"user {partition}", partition=partition, sequence=1)],
        "events": [event(1, f"user {partition}", partition=partition, command_id=command_id(partition + 1))],
    }
    return batch(LANES[partition], sequence=1, **{**rows, **changes})


async def committed(store: PostgresEventStore, batches: Sequence[Batch]) -> list[type[BaseException] | None]:
    """For each batch what it raised when all are committed at once."""
    results = await asyncio.gather(*(store.commit(one) for one in batches), return_exceptions=True)
    return [None if result is None else type(result) for result in results]


async def test_as_one_transaction(store: PostgresEventStore, onlooker: Any) -> None:
    assert await committed(store, [of_lane(partition) for partition in range(4)]) == [None] * 4
    assert await onlooker.fetchval(TRANSACTIONS) == 1
    assert await onlooker.fetch("SELECT partition, stream_id, sequence FROM annals.events ORDER BY 1") == [
        (partition, f"user {partition}", 1) for partition in range(4)
    ]
    assert await onlooker.fetch("SELECT partition, consumed FROM annals.lanes ORDER BY 1") == [
        (partition, 1) for partition in range(4)
    ]


async def test_one_with_another_owner_falls_out_alone(store: PostgresEventStore, onlooker: Any) -> None:
    await store.acquire(LANES[2], "another owner")
    assert await committed(store, [of_lane(partition) for partition in range(4)]) == [None, None, Fenced, None]
    assert await onlooker.fetchval(TRANSACTIONS) == 1
    assert await onlooker.fetchval("SELECT count(*) FROM annals.events WHERE partition = 2") == 0


async def test_one_that_is_locked_is_not_waited_for(store: PostgresEventStore, onlooker: Any) -> None:
    await assert_one_is_not_waited_for(lambda partition: store.commit(of_lane(partition)), onlooker)
    assert len(await onlooker.fetch(STORED)) == 4, "and it is committed when it is free"


async def test_locked_ones_that_come_by_themselves_keep_no_other_waiting(
    store: PostgresEventStore, onlooker: Any
) -> None:
    await assert_those_that_come_by_themselves_keep_no_other_waiting(
        lambda partition: store.commit(of_lane(partition)), onlooker
    )
    assert len(await onlooker.fetch(STORED)) == 4


async def test_one_whose_claim_another_stream_holds_is_refused_alone(store: PostgresEventStore, onlooker: Any) -> None:
    claim = [ClaimToAcquire("email", "ada@example.org", "user 0")]
    assert await committed(store, [of_lane(0, claims_to_acquire=claim)]) == [None]
    wanting = of_lane(1, claims_to_acquire=[claim[0]._replace(stream_id="user 1")])
    handing_on = of_lane(2, claims_to_settle=[ClaimToSettle("email", "ada@example.org", "user 2", "user 9")])
    assert await committed(store, [wanting, handing_on, of_lane(3)]) == [ClaimConflict, ClaimConflict, None]
    assert await onlooker.fetchval("SELECT stream_id FROM annals.unique_claims") == "user 0"


async def test_of_two_that_want_the_same_claim_one_gets_it(store: PostgresEventStore, onlooker: Any) -> None:
    batches = [
        of_lane(partition, claims_to_acquire=[ClaimToAcquire("email", "ada@example.org", f"user {partition}")])
        for partition in (0, 1)
    ]
    assert sorted(map(str, await committed(store, [*batches, of_lane(3)]))) == sorted(
        map(str, [None, ClaimConflict, None])
    )
    holder = await onlooker.fetchval("SELECT stream_id FROM annals.unique_claims")
    assert await onlooker.fetchval("SELECT count(*) FROM annals.events WHERE stream_id = $1", holder) == 1


async def test_one_with_a_command_that_was_handled_before_is_told_so_alone(
    store: PostgresEventStore, onlooker: Any
) -> None:
    assert await committed(store, [of_lane(0)]) == [None]
    repeating = of_lane(1, outcomes=[outcome(1, "user 0", partition=1, sequence=1)])
    assert await committed(store, [repeating, of_lane(2), of_lane(3)]) == [Repeated, None, None]
    same = [of_lane(partition, outcomes=[outcome(9)], events=[]) for partition in (0, 1)]
    assert sorted(map(str, await committed(store, same))) == sorted(map(str, [None, Repeated]))


async def test_one_whose_row_was_set_back_is_refused_alone(store: PostgresEventStore, onlooker: Any) -> None:
    assert await committed(store, [of_lane(1)]) == [None]
    again = of_lane(
        1,
        outcomes=[outcome(9, "user 9", partition=1, sequence=1)],
        events=[event(1, "user 9", partition=1, command_id=command_id(9))],
    )
    before = await onlooker.fetchval(TRANSACTIONS)
    assert await committed(store, [of_lane(0), again, of_lane(2)]) == [None, LaneSetBack, None]
    assert await onlooker.fetchval(TRANSACTIONS) == before + 1, "the others go together, not one by one"
    assert [row[0] for row in await onlooker.fetch(STORED)] == [command_id(1), command_id(2), command_id(3)]


@pytest.mark.parametrize("data", [b'{"a": "\\u0000"}', b'{"a": "\x1f"}'], ids=["by Postgres", "as a list"])
async def test_one_that_cannot_be_stored_is_refused_alone(
    store: PostgresEventStore, onlooker: Any, data: bytes
) -> None:
    broken = of_lane(1, events=[event(1, "user 1", partition=1, data=data)])
    assert await committed(store, [of_lane(0), broken, of_lane(2)]) == [None, Unstorable, None]
    assert [row[0] for row in await onlooker.fetch(STORED)] == [command_id(1), command_id(3)]


async def test_each_has_its_own_answer_to_a_look_up(store: PostgresEventStore) -> None:
    await committed(store, [of_lane(partition) for partition in range(4)])
    asked = [
        store.look_up("users", [(f"user {n}", command_id(n + 1)), ("nobody", command_id(99))], [f"user {n}", "nobody"])
        for n in range(4)
    ]
    lookups = await asyncio.gather(*asked, store.look_up("orders", [], ["user 0"]))
    for partition, lookup in enumerate(lookups[:4]):
        assert list(lookup.outcomes) == [(f"user {partition}", command_id(partition + 1))]
        assert [row.stream_id for row in lookup.events] == [f"user {partition}"]
    assert (lookups[4].outcomes, lookups[4].events) == ({}, [])
    unstorable = await asyncio.gather(
        store.look_up("users", [], ["\x1f"]), store.look_up("users", [], ["user 3"]), return_exceptions=True
    )
    assert isinstance(unstorable[0], Unstorable)
    assert [row.stream_id for row in unstorable[1].events] == ["user 3"]  # type: ignore[union-attr]
