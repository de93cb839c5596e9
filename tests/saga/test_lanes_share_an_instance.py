"""`SagaLane`: an instance that several lanes move applies each event once, whichever lane comes first."""

import asyncio

import pytest

from contracts.orders.examples import ADAS_ORDER_PLACED
from contracts.users.events import UserWelcomed
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.saga.greeting import Greeting, greeting
from tests.saga.installation import LANE, Installation, created
from workers import telemetry
from workers.lanes.work import Contended
from workers.ports.lanes import Fenced, LaneKey
from workers.ports.sagas import InstanceKey, InstanceRow
from workers.saga.lane import MAX_ATTEMPTS, MAX_ATTEMPTS_ALONE

NAMES = [f"user-{number}" for number in range(8)]
USERS = event_rows(*map(created, NAMES), *(UserWelcomed(user_id=name) for name in NAMES))
ORDERS = event_rows(
    *(ADAS_ORDER_PLACED.model_copy(update={"order_id": f"order-of-{name}", "user_id": name}) for name in NAMES)
)
ORDERS_LANE = LaneKey("saga", "orders.events", 0)


def moved_by_another(installation: Installation, name: str) -> None:
    """Another lane has the instance take something."""
    table, key = installation.store.table, InstanceKey("greeting", name)
    row = table.sagas.get(key)
    if row is None:
        first = Greeting(status="done", events=("OrderPlaced",)).model_dump_json().encode()
        table.sagas[key] = InstanceRow("greeting", name, "done", first, "correlation")
    else:
        table.sagas[key] = row._replace(version=row.version + 1)


async def test_when_two_lanes_race_each_event_is_taken_once_by_each_instance() -> None:
    installation = Installation([*USERS, *ORDERS])
    users, orders = installation.lane([greeting]), installation.lane([greeting], "orders")
    await users.acquire()
    await orders.acquire()
    moved = [telemetry.INSTANCE_CONFLICTS.labels(topic) for topic in (LANE.topic, ORDERS_LANE.topic)]
    before = sum(counter._value.get() for counter in moved)
    async with asyncio.timeout(10.0):
        await asyncio.gather(orders.handle(inbound_all(ORDERS)), users.handle(inbound_all(USERS)))
    assert sum(counter._value.get() for counter in moved) > before, "they did get in one another's way"
    for name in NAMES:
        row = installation.store.stored[InstanceKey("greeting", name)]
        state = Greeting.model_validate_json(row.state)
        assert sorted(state.events) == ["OrderPlaced", "UserCreated", "UserWelcomed"]
        assert row.version == 3
        entries = installation.store.table.journal[InstanceKey("greeting", name)]
        assert [entry.version for entry in entries] == [1, 2, 3]
        assert [entry.type.split(".")[1] for entry in entries] == list(state.events)
    assert installation.store.rows[LANE].input_sequence == len(USERS)
    assert installation.store.rows[ORDERS_LANE].input_sequence == len(ORDERS)
    assert sorted(installation.welcomed) == sorted(NAMES), "each step is sent once"


async def test_a_batch_that_another_lane_got_ahead_of_is_decided_again_on_the_newer_state() -> None:
    installation = Installation(USERS)
    lane = installation.lane([greeting])
    await lane.acquire()
    installation.store.line.meanwhile = [lambda: moved_by_another(installation, NAMES[3])]
    await lane.handle(inbound_all(USERS))
    row = installation.store.stored[InstanceKey("greeting", NAMES[3])]
    assert Greeting.model_validate_json(row.state).events == ("OrderPlaced", "UserCreated", "UserWelcomed")
    assert row.version == 3
    assert installation.store.line.commits == 1


async def test_a_batch_that_others_get_ahead_of_again_and_again_is_cut_in_two() -> None:
    installation = Installation(USERS)
    lane = installation.lane([greeting])
    await lane.acquire()
    consumed: list[tuple[int, int]] = []
    move, look = (lambda: moved_by_another(installation, NAMES[0])), (lambda: consumed.append(progress(installation)))
    installation.store.line.meanwhile = [*[move] * MAX_ATTEMPTS, look, look]
    await lane.handle(inbound_all(USERS))
    assert consumed == [(0, 0), (0, 8)], "the offset moves with the second half, the sequence with the first"
    assert progress(installation) == (16, 16)
    assert installation.store.line.commits == 2
    assert set(installation.statuses.values()) == {"done"}


async def test_a_next_owner_goes_on_in_the_middle_of_a_batch_that_was_cut_in_two() -> None:
    installation = Installation(USERS)
    lane = installation.lane([greeting])
    await lane.acquire()
    move = lambda: moved_by_another(installation, NAMES[0])  # noqa: E731

    def replace_the_owner() -> None:
        installation.store.table.acquire(LANE, "another")

    installation.store.line.meanwhile = [*[move] * MAX_ATTEMPTS, lambda: None, replace_the_owner]
    with pytest.raises(Fenced):
        await lane.handle(inbound_all(USERS))
    assert progress(installation) == (0, 8)
    following = installation.lane([greeting])
    assert await following.acquire() == 0
    await following.handle(inbound_all(USERS))
    assert progress(installation) == (16, 16)
    for name in NAMES[1:]:
        row = installation.store.stored[InstanceKey("greeting", name)]
        assert Greeting.model_validate_json(row.state).events == ("UserCreated", "UserWelcomed")
    assert len(installation.store.outbox) == len(NAMES)


async def test_one_event_that_others_always_get_ahead_of_makes_the_lane_start_over() -> None:
    installation = Installation(USERS[:1])
    lane = installation.lane([greeting])
    await lane.acquire()
    installation.store.line.meanwhile = [lambda: moved_by_another(installation, NAMES[0])] * MAX_ATTEMPTS_ALONE
    with pytest.raises(Contended, match=f"{MAX_ATTEMPTS_ALONE} times while event 1 was applied"):
        await lane.handle(inbound_all(USERS[:1]))
    assert progress(installation) == (0, 0)
    following = installation.lane([greeting])
    await following.acquire()
    await following.handle(inbound_all(USERS[:1]))
    assert progress(installation) == (1, 1)


def progress(installation: Installation) -> tuple[int, int]:
    """The lane's offset and the last event that it has applied."""
    row = installation.store.rows[LANE]
    return row.consumed, row.input_sequence
