"""`SagaLane`: code that fails on an instance that another process has changed since is asked once more. Nothing is
parked and nothing postponed before the instance is read.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from contracts.users.events import UserWelcomed
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.saga.greeting import DEADLINE_SECONDS, Greeting, greeting
from tests.saga.installation import LANE, Installation, created
from workers import telemetry
from workers.core.recorded import Recorded
from workers.ports.sagas import InstanceKey, InstanceRow
from workers.saga.lane import SagaLane

ADA = InstanceKey("greeting", "ada")
CREATED, WELCOMED = event_rows(created("ada"), UserWelcomed(user_id="ada"))
CONFLICTS = telemetry.INSTANCE_CONFLICTS.labels(LANE.topic)


def evolve(state: Greeting, recorded: Recorded) -> Greeting:
    """Fails on every event of a user who has not ordered yet, but for a creation that begins the instance."""
    if "OrderPlaced" not in state.events and (state.events or recorded.event.name != "UserCreated"):
        raise KeyError("no order")
    return greeting.evolve(state, recorded)


def evolve_after_an_order(state: Greeting, recorded: Recorded) -> Greeting:
    """Fails on every event of a user who has not ordered yet."""
    if "OrderPlaced" not in state.events:
        raise KeyError("no order")
    return greeting.evolve(state, recorded)


async def following(installation: Installation, *, begins_with_order: bool = False) -> SagaLane:
    lane = installation.lane([replace(greeting, evolve=evolve_after_an_order if begins_with_order else evolve)])
    await lane.acquire()
    return lane


def order_placed_elsewhere(installation: Installation) -> None:
    """Another process has ada's instance apply the placing of an order."""
    table = installation.store.table
    row = table.sagas.get(ADA)
    state = Greeting() if row is None else Greeting.model_validate_json(row.state)
    state = Greeting(status="done", events=(*state.events, "OrderPlaced"))
    version = 1 if row is None else row.version + 1
    table.sagas[ADA] = InstanceRow(*ADA, state.status, state.model_dump_json().encode(), "correlation", version)


def applied(installation: Installation) -> tuple[str, ...]:
    return Greeting.model_validate_json(installation.store.stored[ADA].state).events


@pytest.fixture(autouse=True)
def no_batch_is_refused() -> Iterator[None]:
    before = CONFLICTS._value.get()
    yield
    assert CONFLICTS._value.get() == before


async def test_parks_no_stream_for_an_instance_in_memory() -> None:
    installation = Installation([CREATED, WELCOMED])
    lane = await following(installation)
    records = inbound_all([CREATED, WELCOMED])
    await lane.handle(records[:1])
    order_placed_elsewhere(installation)
    await lane.handle(records[1:])
    assert installation.store.waiting == {}
    assert applied(installation) == ("UserCreated", "OrderPlaced", "UserWelcomed")


async def test_parks_no_stream_for_an_instance_that_a_new_stream_does_not_begin() -> None:
    installation = Installation([CREATED])
    lane = await following(installation, begins_with_order=True)
    order_placed_elsewhere(installation)
    await lane.handle(inbound_all([CREATED]))
    assert installation.store.waiting == {}
    assert applied(installation) == ("OrderPlaced", "UserCreated")


async def test_parks_the_stream_when_the_code_fails_on_the_instance_as_it_is() -> None:
    installation = Installation([CREATED, WELCOMED])
    lane = await following(installation)
    await lane.handle(inbound_all([CREATED, WELCOMED]))
    assert [stream.stream_version for stream in installation.store.waiting.values()] == [2]
    assert applied(installation) == ("UserCreated",), "what came before counts"


async def test_retries_a_parked_stream_on_the_instance_as_it_is() -> None:
    installation = Installation([CREATED])
    lane = await following(installation, begins_with_order=True)
    await lane.handle(inbound_all([CREATED]))
    assert len(installation.store.waiting) == 1
    order_placed_elsewhere(installation)
    installation.store.table.request(LANE, "greeting", "ada", "retry")
    await lane.idle()
    assert (installation.store.waiting, installation.store.requested) == ({}, [])
    assert applied(installation) == ("OrderPlaced", "UserCreated")


async def test_postpones_no_internal_event_for_an_instance_in_memory() -> None:
    installation = Installation([CREATED])
    lane = await following(installation)
    await lane.handle(inbound_all([CREATED]))
    order_placed_elsewhere(installation)
    installation.pass_seconds(2 * DEADLINE_SECONDS)
    await lane.idle()
    assert applied(installation) == ("UserCreated", "OrderPlaced", "DeadlinePassed")
