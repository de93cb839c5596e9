"""Batches of several saga lanes are one transaction, and each lane fares as if it had come alone."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from tests.ports.test_events_of_the_log import FIRST
from tests.ports.test_saga_deadlines import deadline, entry
from tests.ports.test_saga_store import batch, instance, step, waiting
from tests.postgres.locked_lanes import (
    assert_one_is_not_waited_for,
    assert_those_that_come_by_themselves_keep_no_other_waiting,
)
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Fenced, LaneKey, LaneSetBack
from workers.ports.logged_events import EventsNotStored
from workers.ports.sagas import InstanceConflict, SagaBatch

LANES = [LaneKey("saga", "users.events", partition) for partition in range(4)]
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM annals.sagas"
STEPS = "SELECT partition, instance_id FROM annals.saga_outbox ORDER BY 1"
DEADLINES = "SELECT partition, instance_id FROM annals.deadlines ORDER BY 1"


@pytest.fixture
async def store(database: Database) -> PostgresSagaStore:
    """It owns all lanes, in epoch 1."""
    store = PostgresSagaStore(database)
    for lane in LANES:
        await store.acquire(lane, "owner")
    return store


def of_lane(partition: int, **changes: Any) -> SagaBatch:
    """A batch of this lane that begins an instance of its own, with all that belongs to it."""
    name = f"user {partition}"
    rows = {
        "instances": [instance(name)],
        "journal": [entry(1, name)],
        "steps": [step(1, instance_id=name, command_id=f"00000000-0000-7000-8000-0000000000{partition}1")],
        "deadlines": [deadline(instance_id=name)],
        "parked": [waiting(name)],
        "position": 1,
    }
    return batch(LANES[partition], **{**rows, **changes})


async def committed(store: PostgresSagaStore, batches: Sequence[SagaBatch]) -> list[type[BaseException] | None]:
    """For each batch what it raised when all are committed at once."""
    results = await asyncio.gather(*(store.commit(one) for one in batches), return_exceptions=True)
    return [None if result is None else type(result) for result in results]


async def test_as_one_transaction(store: PostgresSagaStore, onlooker: Any) -> None:
    assert await committed(store, [of_lane(partition) for partition in range(4)]) == [None] * 4
    assert await onlooker.fetchval(TRANSACTIONS) == 1
    expected = [(partition, f"user {partition}") for partition in range(4)]
    assert await onlooker.fetch(STEPS) == expected
    assert await onlooker.fetch(DEADLINES) == expected
    assert await onlooker.fetch("SELECT partition, stream_id FROM annals.parked_streams ORDER BY 1") == expected
    assert await onlooker.fetchval("SELECT count(*) FROM annals.saga_journal") == 4
    assert await onlooker.fetch("SELECT DISTINCT consumed, sequence FROM annals.lanes") == [(7, 1)]


async def test_with_what_ends_in_one_of_them(store: PostgresSagaStore, onlooker: Any) -> None:
    await committed(store, [of_lane(partition) for partition in range(3)])
    later: list[dict[str, Any]] = [
        {"passed_deadlines": [deadline(instance_id="user 0")]},
        {"cleared_deadlines": [("welcome", "user 1", "payment")]},
        {"unparked": [("welcome", "user 2")], "parked": []},
    ]
    batches = [
        batch(LANES[place], position=1, steps=[], instances=[instance(f"user {place}", version=2)], **changes)
        for place, changes in enumerate(later)
    ]
    assert await committed(store, batches) == [None] * 3
    assert await onlooker.fetch(DEADLINES) == [(2, "user 2")]
    assert await onlooker.fetch("SELECT partition FROM annals.parked_streams ORDER BY 1") == [(0,), (1,)]


async def test_one_with_another_owner_falls_out_alone(store: PostgresSagaStore, onlooker: Any) -> None:
    await store.acquire(LANES[2], "another owner")
    assert await committed(store, [of_lane(partition) for partition in range(4)]) == [None, None, Fenced, None]
    assert await onlooker.fetchval(TRANSACTIONS) == 1
    for table in ("sagas", "saga_journal", "deadlines"):
        count = f"SELECT count(*) FROM annals.{table} WHERE instance_id = 'user 2'"  # noqa: S608  # of this test
        assert await onlooker.fetchval(count) == 0


async def test_one_that_is_locked_is_not_waited_for(store: PostgresSagaStore, onlooker: Any) -> None:
    await assert_one_is_not_waited_for(lambda partition: store.commit(of_lane(partition)), onlooker)
    assert len(await onlooker.fetch(STEPS)) == 4, "and it is committed when it is free"


async def test_locked_ones_that_come_by_themselves_keep_no_other_waiting(
    store: PostgresSagaStore, onlooker: Any
) -> None:
    await assert_those_that_come_by_themselves_keep_no_other_waiting(
        lambda partition: store.commit(of_lane(partition)), onlooker
    )
    assert len(await onlooker.fetch(STEPS)) == 4


async def test_one_whose_instance_or_deadline_another_has_changed_is_refused_alone(
    store: PostgresSagaStore, onlooker: Any
) -> None:
    assert await committed(store, [of_lane(0)]) == [None]
    late = of_lane(1, instances=[instance("user 0")], deadlines=[], journal=[])
    passed = of_lane(2, passed_deadlines=[deadline(instance_id="user 0", set_by=9)])
    assert await committed(store, [late, passed, of_lane(3)]) == [InstanceConflict, InstanceConflict, None]
    assert [row[0] for row in await onlooker.fetch(STEPS)] == [0, 3]


async def test_one_with_an_event_that_is_not_stored_is_refused_alone(store: PostgresSagaStore, onlooker: Any) -> None:
    batches = [of_lane(partition) for partition in range(4)]
    batches[1] = batches[1]._replace(logged=[FIRST])
    batches[2] = batches[2]._replace(logged=[FIRST._replace(actor="a\x1fb")])
    assert await committed(store, batches) == [None, EventsNotStored, Unstorable, None]
    assert [row[0] for row in await onlooker.fetch(STEPS)] == [0, 3]


async def test_one_whose_row_was_set_back_is_refused_alone(store: PostgresSagaStore, onlooker: Any) -> None:
    assert await committed(store, [of_lane(1)]) == [None]
    of_another = step(1, instance_id="user 9", command_id="00000000-0000-7000-8000-000000000091")
    again = batch(LANES[1], position=1, steps=[of_another])
    assert await committed(store, [of_lane(0), again, of_lane(2)]) == [None, LaneSetBack, None]
    assert await onlooker.fetch(STEPS) == [(partition, f"user {partition}") for partition in range(3)]


async def test_of_two_that_change_one_instance_one_does(store: PostgresSagaStore, onlooker: Any) -> None:
    batches = [of_lane(partition, instances=[instance("shared")], journal=[]) for partition in (0, 1)]
    results = await committed(store, [*batches, of_lane(2)])
    assert sorted(map(str, results)) == sorted(map(str, [None, None, InstanceConflict]))
    assert results[2] is None
    assert await onlooker.fetchval("SELECT version FROM annals.sagas WHERE instance_id = 'shared'") == 1


@pytest.mark.parametrize("state", [b'{"a": "\\u0000"}', b'{"a": "\x1f"}'], ids=["an escaped NUL", "a separator"])
async def test_one_that_cannot_be_stored_is_refused_alone(
    store: PostgresSagaStore, onlooker: Any, state: bytes
) -> None:
    broken = of_lane(1, instances=[instance("user 1", state)])
    assert await committed(store, [of_lane(0), broken, of_lane(2)]) == [None, Unstorable, None]
    assert [row[0] for row in await onlooker.fetch(STEPS)] == [0, 2]
