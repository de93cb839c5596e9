"""`SagaLane`: an instance that lanes of this process have written is not read again, and never trusted more than the
table.
"""

import asyncio
from collections.abc import Sequence

import pytest

from contracts.message import Event
from contracts.users.events import UserUpdated, UserWelcomed
from tests.lanes.in_memory import write
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.saga.greeting import DEADLINE_SECONDS, Greeting, greeting
from tests.saga.installation import LANE, Installation, created
from tests.saga.test_lanes_share_an_instance import NAMES, ORDERS, USERS, moved_by_another
from workers import telemetry
from workers.ports.lanes import LaneKey, Unavailable
from workers.ports.sagas import DueInternalEvents, InstanceKey
from workers.saga.lane import SagaLane
from workers.saga.lane_instances import READ_AFTER_CONFLICT_SECONDS
from workers.saga.shared_instances import SharedInstances

CONFLICTS = telemetry.INSTANCE_CONFLICTS.labels(LANE.topic)


def conflicts() -> float:
    return float(CONFLICTS._value.get())


async def following(installation: Installation, shared: SharedInstances, context: str = "users") -> SagaLane:
    lane = installation.lane([greeting], context, shared)
    await lane.acquire()
    return lane


async def handle_one_by_one(installation: Installation, lane: SagaLane, events: Sequence[Event]) -> None:
    rows = event_rows(*events)
    write(installation.store.table, rows)
    for record in inbound_all(rows):
        await lane.handle([record])


def applied(installation: Installation, name: str) -> tuple[str, ...]:
    return Greeting.model_validate_json(installation.store.stored[InstanceKey("greeting", name)].state).events


async def test_neither_a_new_instance_nor_one_that_was_just_written_is_read() -> None:
    installation = Installation(())
    lane = await following(installation, SharedInstances())
    events = [created("ada"), UserWelcomed(user_id="ada"), UserUpdated(user_id="ada", city="Rome")]
    await handle_one_by_one(installation, lane, events)
    assert applied(installation, "ada") == ("UserCreated", "UserWelcomed", "UserUpdated")
    assert installation.store.reads == []


async def test_lanes_of_one_process_decide_on_what_the_others_have_just_written() -> None:
    installation, shared = Installation([*USERS, *ORDERS]), SharedInstances()
    users, orders = await following(installation, shared), await following(installation, shared, "orders")
    before = conflicts()
    await asyncio.gather(orders.handle(inbound_all(ORDERS)), users.handle(inbound_all(USERS)))
    assert conflicts() == before
    for name in NAMES:
        assert sorted(applied(installation, name)) == ["OrderPlaced", "UserCreated", "UserWelcomed"]
    assert sorted(installation.welcomed) == sorted(NAMES)
    assert installation.store.reads == [[InstanceKey("greeting", name) for name in NAMES]], "by the first, once"


async def test_an_instance_that_another_process_has_changed_is_read_and_decided_again() -> None:
    rows = event_rows(created("ada"), *[UserWelcomed(user_id="ada")] * 3)
    installation, records = Installation(rows), inbound_all(rows)
    lane = await following(installation, SharedInstances())
    ada = InstanceKey("greeting", "ada")
    await lane.handle(records[:1])
    moved_by_another(installation, "ada")
    before = conflicts()
    await lane.handle(records[1:2])
    assert installation.store.stored[ada].version == 3
    assert (conflicts() - before, installation.store.reads) == (1, [[ada]])
    await lane.handle(records[2:3])
    assert installation.store.reads == [[ada]] * 2, "for a while the lane reads, as another process may change more"
    installation.pass_seconds(READ_AFTER_CONFLICT_SECONDS)
    await lane.handle(records[3:])
    assert len(installation.store.reads) == 2
    assert (conflicts() - before, installation.store.stored[ada].version) == (1, 5)


async def test_a_deadline_that_a_lane_of_this_process_has_just_cleared_shows_no_other_process() -> None:
    rows = event_rows(created(NAMES[0]), created(NAMES[1]))
    installation, shared = Installation([*rows, *ORDERS]), SharedInstances()
    users, orders = await following(installation, shared), await following(installation, shared, "orders")
    store, records = installation.store, inbound_all(rows)
    read_due = store.due

    async def due(lane: LaneKey, sagas: Sequence[str], limit: int) -> DueInternalEvents:
        """What is due, and while the answer is under way the other lane applies an order of the same user."""
        rows = await read_due(lane, sagas, limit)
        store.due = read_due  # type: ignore[method-assign]
        await orders.handle(inbound_all(ORDERS[:1]))
        return rows

    await users.handle(records[:1])
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    before = conflicts()
    store.due = due  # type: ignore[method-assign]
    await users.idle()
    assert conflicts() - before == 1
    assert applied(installation, NAMES[0]) == ("UserCreated", "OrderPlaced")
    await users.handle(records[1:])
    assert store.reads == [], "the lane does not read what it shares with nobody"


async def test_a_new_stream_may_be_that_of_an_instance_that_exists() -> None:
    installation = Installation(())
    moved_by_another(installation, "ada")
    before = conflicts()
    lane = await following(installation, SharedInstances())
    await handle_one_by_one(installation, lane, [created("ada")])
    assert applied(installation, "ada") == ("OrderPlaced", "UserCreated")
    assert conflicts() - before == 1


async def test_what_was_perhaps_not_written_is_not_kept() -> None:
    rows = event_rows(created("ada"), UserWelcomed(user_id="ada"))
    installation, shared = Installation(rows), SharedInstances()
    lane = await following(installation, shared)
    ada, records = InstanceKey("greeting", "ada"), inbound_all(rows)
    await lane.handle(records[:1])
    installation.store.line.answers_lost = 1
    with pytest.raises(Unavailable):
        await lane.handle(records[1:])
    assert shared.take([ada]) == {}
    assert installation.store.stored[ada].version == 2


async def test_nothing_is_kept_over_an_acquisition() -> None:
    installation, shared = Installation(()), SharedInstances()
    lane = await following(installation, shared)
    await handle_one_by_one(installation, lane, [created("ada")])
    await lane.acquire()
    assert shared.take([InstanceKey("greeting", "ada")]) == {}
