"""A lane has one owner: who takes it goes on where the row stands, and refuses every earlier one."""

import asyncio
from typing import Any

import pytest

from tests.ports.tables import Tables
from tests.postgres.batches import OTHER_LANE, everything
from workers.ports.lanes import Fenced, Interruption, LaneGrant, LaneKey, LaneStore, Mark
from workers.ports.lanes import Role as LaneRole

KEYS: dict[LaneRole, LaneKey] = {
    "command": LaneKey("command", "users.commands", 0),
    "saga": LaneKey("saga", "users.events", 0),
}


@pytest.fixture(params=KEYS)
def role(request: pytest.FixtureRequest) -> LaneRole:
    role_under_test: LaneRole = request.param
    return role_under_test


@pytest.fixture
def store(tables: Tables, role: LaneRole) -> LaneStore:
    return tables.store if role == "command" else tables.sagas


async def test_the_first_owner_begins_at_the_beginning(store: LaneStore, role: LaneRole) -> None:
    assert await store.acquire(KEYS[role], "first") == LaneGrant(1, 0, 0, Mark(0, -1), 0)


async def test_each_owner_has_the_next_epoch_and_only_the_last_holds_the_lane(store: LaneStore, role: LaneRole) -> None:
    lane = KEYS[role]
    assert not await store.holds(lane, 0)
    epochs = [(await store.acquire(lane, name)).epoch for name in ("first", "second", "third")]
    assert epochs == [1, 2, 3]
    assert [await store.holds(lane, epoch) for epoch in epochs] == [False, False, True]


async def test_lanes_are_apart(store: LaneStore, role: LaneRole) -> None:
    lane = KEYS[role]
    other_role: LaneRole = "saga" if role == "command" else "command"
    await store.acquire(lane, "owner")
    for other in (
        lane._replace(partition=1),
        lane._replace(topic="orders.commands"),
        lane._replace(role=other_role),
    ):
        assert not await store.holds(other, 1)
        assert (await store.acquire(other, "another")).epoch == 1
    assert await store.holds(lane, 1)


async def test_of_those_who_take_it_at_once_each_has_an_epoch_of_its_own(store: LaneStore, role: LaneRole) -> None:
    grants = await asyncio.gather(*[store.acquire(KEYS[role], f"worker {number}") for number in range(8)])
    assert sorted(grant.epoch for grant in grants) == list(range(1, 9))


async def test_who_leaves_notes_the_mark_and_leaves_the_lane_without_an_owner(
    store: LaneStore, role: LaneRole, tables: Tables
) -> None:
    lane = KEYS[role]
    await store.acquire(lane, "owner")
    assert await tables.owners() == {str(lane): "owner"}
    await store.release(lane, 1, Mark(2, 5))
    assert await tables.owners() == {str(lane): None}
    assert await store.acquire(lane, "next") == LaneGrant(2, 0, 0, Mark(2, 5), 0)


async def test_the_owners_mark_counts_also_when_it_is_behind(store: LaneStore, role: LaneRole) -> None:
    """A log that was restored shorter has its records at lower offsets."""
    await store.acquire(KEYS[role], "owner")
    await store.release(KEYS[role], 1, Mark(2, 500))
    await store.release(KEYS[role], 1, Mark(1, 3))
    assert (await store.acquire(KEYS[role], "next")).mark == Mark(1, 3)


async def test_who_was_fenced_leaves_quietly(store: LaneStore, role: LaneRole, tables: Tables) -> None:
    await store.acquire(KEYS[role], "paused")
    await store.acquire(KEYS[role], "successor")
    before = await tables.contents()
    await store.release(KEYS[role], 1, Mark(9, 9))
    await store.release(KEYS[role]._replace(partition=5), 1, Mark(9, 9))
    assert await tables.contents() == before


async def test_a_batch_moves_its_own_lane_only(tables: Tables) -> None:
    lane = KEYS["command"]
    await tables.store.acquire(lane, "first")
    await tables.store.acquire(OTHER_LANE, "first")
    await tables.store.commit(everything())
    granted: dict[Any, Any] = {key: await tables.store.acquire(key, "second") for key in (lane, OTHER_LANE)}
    assert granted == {lane: LaneGrant(2, 7, 2, Mark(1, 0), 0), OTHER_LANE: LaneGrant(2, 0, 0, Mark(0, -1), 0)}


async def test_the_next_owner_knows_when_the_last_command_was_written(tables: Tables) -> None:
    lane = KEYS["command"]
    await tables.store.acquire(lane, "first")
    await tables.store.commit(everything(last_timestamp=1_700_000_000_123))
    assert (await tables.store.acquire(lane, "second")).last_timestamp == 1_700_000_000_123
    await tables.store.rebase(lane, 2, 7, "one")
    assert (await tables.store.acquire(lane, "third")).last_timestamp == 0, "of another topic it says nothing"


INTERRUPTION = Interruption("deleted", "one", "one", 5, 9, 20, 4)


async def test_the_next_owner_knows_of_which_topics_the_offsets_are(store: LaneStore, role: LaneRole) -> None:
    lane = KEYS[role]
    await store.acquire(lane, "owner")
    await store.rebase(lane, 1, 7, "one")
    await store.publish_to(lane, 1, "two")
    assert await store.acquire(lane, "next") == LaneGrant(2, 7, 0, Mark(0, -1), 0, "one", "two")


async def test_an_interruption_is_kept_with_the_position_behind_it(store: LaneStore, role: LaneRole) -> None:
    lane = KEYS[role]
    await store.acquire(lane, "owner")
    assert await store.interruptions(lane) == 0
    await store.rebase(lane, 1, 9, "one", INTERRUPTION)
    await store.rebase(lane, 1, 9, "one", INTERRUPTION._replace(kind="recreated", topic_id="two", missing=None))
    assert await store.interruptions(lane) == 2
    grant = await store.acquire(lane, "next")
    assert (grant.consumed, grant.interruptions) == (9, 2)
    assert await store.interruptions(lane._replace(partition=1)) == 0


async def test_who_has_lost_it_can_say_nothing_of_its_topics(store: LaneStore, role: LaneRole) -> None:
    lane = KEYS[role]
    await store.acquire(lane, "late")
    await store.acquire(lane, "owner")
    for call in (
        store.rebase(lane, 1, 9, "one"),
        store.rebase(lane, 1, 9, "one", INTERRUPTION),
        store.publish_to(lane, 1, "two"),
    ):
        with pytest.raises(Fenced):
            await call
    assert await store.interruptions(lane) == 0
    assert await store.acquire(lane, "next") == LaneGrant(3, 0, 0, Mark(0, -1), 0)


async def test_the_next_owner_knows_the_types_of_its_events(store: LaneStore) -> None:
    lane = LaneKey("command", "users.commands", 0)
    assert (await store.acquire(lane, "first")).event_types == frozenset()
    await store.note_event_types(lane, 1, {"users.UserCreated.v1"})
    await store.note_event_types(lane, 1, {"users.UserWelcomed.v1", "users.UserCreated.v1"})
    grant = await store.acquire(lane, "second")
    assert grant.event_types == {"users.UserCreated.v1", "users.UserWelcomed.v1"}
    with pytest.raises(Fenced):
        await store.note_event_types(lane, 1, {"users.UserDeleted.v1"})
    assert (await store.acquire(lane, "third")).event_types == grant.event_types
