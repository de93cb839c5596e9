"""A batch of a saga lane is written whole by the lane's owner, or not at all; its outbox keeps the order."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.ports.lines import Loss
from tests.ports.tables import SagaStores, Tables
from tests.postgres.batches import LANE as COMMAND_LANE
from tests.postgres.batches import command_id, event, everything
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Fenced, LaneGrant, LaneKey, LaneSetBack, Mark, Unavailable
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import Following, InstanceKey, InstanceRow, SagaBatch, StepRow, StoredInstance

LANE = LaneKey("saga", "users.events", 0)
OTHER_LANE = LaneKey("saga", "users.events", 1)


def instance(name: str = "ada", state: bytes = b'{"step": "welcome"}', **changes: Any) -> InstanceRow:
    return InstanceRow("welcome", name, "running", state, "correlation", version=1, applied=1)._replace(**changes)


def step(position: int, **changes: Any) -> StepRow:
    row = StepRow(
        position=position,
        saga="welcome",
        instance_id="ada",
        step="welcome",
        command_id=command_id(position),
        command_type="users.WelcomeUser.v1",
        stream_id="ada",
        data=b'{ "user_id":"ada" }',
        correlation_id="correlation",
        causation_id="causation",
        actor=None,
        traceparent=None,
        caused_at="2026-05-04T12:30:15.123456Z",
    )
    return row._replace(**changes)


def batch(lane: LaneKey = LANE, epoch: int = 1, **changes: Any) -> SagaBatch:
    return SagaBatch(lane, epoch, 7, 2, 1, 5, [], [step(1), step(2)])._replace(**changes)


def waiting(stream_id: str, saga: str = "welcome", **changes: Any) -> ParkedStream:
    row = ParkedStream(
        follower=saga,
        stream_id=stream_id,
        stream_version=3,
        sequence=8,
        event_type="users.UserCreated.v1",
        error="KeyError in react, welcome.py:12",
        attempts=3,
        recorded_at="2026-05-04T12:30:15.123456Z",
    )
    return row._replace(**changes)


@pytest.fixture
def store(tables: Tables) -> SagaStores:
    return tables.sagas


async def test_a_lane_goes_on_where_its_last_batch_ended(store: SagaStores) -> None:
    assert await store.acquire(LANE, "first") == LaneGrant(1, 0, 0, Mark(0, -1), 0)
    await store.commit(batch())
    await store.release(LANE, 1, Mark(2, -1))
    assert await store.acquire(LANE, "second") == LaneGrant(2, 7, 2, Mark(2, -1), 5)
    await store.commit(batch(epoch=2, consumed=9, position=2, published=2, input_sequence=6, steps=[]))
    assert await store.acquire(LANE, "third") == LaneGrant(3, 9, 2, Mark(2, -1), 6)


async def test_a_saga_begins_behind_what_the_lane_has_taken_by_then_and_only_once(
    store: SagaStores, tables: Tables
) -> None:
    old, new, elsewhere = Following("welcome", "UserCreated"), Following("later", "UserCreated"), OTHER_LANE
    await store.acquire(LANE, "first")
    await store.begin(LANE, 1, [old])
    await store.commit(batch())
    await store.begin(LANE, 1, [old, new])
    await store.acquire(elsewhere, "first")
    await store.begin(elsewhere, 1, [old])
    await store.commit(batch(consumed=9, position=2, input_sequence=9, steps=[]))
    await store.begin(LANE, 1, [old, new])
    assert await tables.beginnings() == {(LANE, old): 0, (LANE, new): 5, (elsewhere, old): 0}


async def test_who_has_lost_the_lane_begins_nothing(store: SagaStores, tables: Tables) -> None:
    await store.acquire(LANE, "paused")
    await store.acquire(LANE, "successor")
    await store.begin(LANE, 1, [Following("welcome", "UserCreated")])
    assert await tables.beginnings() == {}


async def test_an_old_epoch_writes_nothing_at_all(store: SagaStores, tables: Tables) -> None:
    await store.acquire(LANE, "paused")
    await store.acquire(LANE, "successor")
    before = await tables.contents()
    with pytest.raises(Fenced) as caught:
        await store.commit(batch(epoch=1, parked=[waiting("ada")]))
    assert (caught.value.lane, caught.value.epoch) == (LANE, 1)
    assert await tables.contents() == before
    await store.commit(batch(epoch=2))


async def test_the_epoch_of_a_command_lane_counts_for_no_saga(store: SagaStores, tables: Tables) -> None:
    await store.acquire(COMMAND_LANE._replace(topic=LANE.topic), "command worker")
    before = await tables.contents()
    with pytest.raises(Fenced):
        await store.commit(batch())
    assert await tables.contents() == before


async def test_instances_appear_and_change(store: SagaStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(batch(instances=[instance("ada"), instance("bob")]))
    ended = instance("ada", b'{"step": "done"}', status="ended", version=4, applied=3)
    await store.commit(batch(instances=[ended], steps=[]))
    wanted = [InstanceKey("welcome", name) for name in ("ada", "bob", "nobody")] + [InstanceKey("other", "ada")]
    assert await store.instances(wanted) == {
        InstanceKey("welcome", "ada"): StoredInstance(4, b'{"step": "done"}'),
        InstanceKey("welcome", "bob"): StoredInstance(1, b'{"step": "welcome"}'),
    }
    assert await store.instances([]) == {}
    assert await tables.statuses() == {"ada": "ended", "bob": "running"}


async def test_an_instance_keeps_the_seed_with_which_it_began(store: SagaStores) -> None:
    first, second = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    await store.acquire(LANE, "owner")
    await store.commit(batch(instances=[instance("ada", seed=first), instance("bob")]))
    later = [instance("ada", version=2, seed=second), instance("bob", version=2, seed=second)]
    await store.commit(batch(instances=later, steps=[]))
    stored = await store.instances([InstanceKey("welcome", name) for name in ("ada", "bob")])
    assert {key.instance_id: row.seed for key, row in stored.items()} == {"ada": first, "bob": None}


async def test_the_outbox_comes_back_in_order_as_it_was_written(store: SagaStores) -> None:
    for lane in (LANE, OTHER_LANE):
        await store.acquire(lane, "owner")
    full = step(2, actor="clerk", traceparent="00-a-b-01", caused_at="2026-05-04T12:30:15.000000Z")
    await store.commit(batch(position=12, steps=[*map(step, range(12, 2, -1)), full, step(1)]))
    await store.commit(batch(OTHER_LANE, position=1, steps=[step(1, command_id=command_id(99))]))
    written = [step(1), full, *map(step, range(3, 13))]
    assert await store.outbox_after(LANE, 0, 100) == written
    assert await store.outbox_after(LANE, 1, 3) == written[1:4]
    assert await store.outbox_after(LANE, 12, 100) == []
    assert await store.outbox_after(OTHER_LANE, 0, 100) == [step(1, command_id=command_id(99))]


async def test_a_place_in_the_outbox_is_given_once(store: SagaStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(batch())
    before = await tables.contents()
    for steps in ([step(2)], [step(3), step(3)]):
        with pytest.raises(LaneSetBack) as refused:
            await store.commit(batch(consumed=9, steps=steps))
        assert refused.value.taken == f"the step ({LANE.topic}, 0, {steps[0].position})"
        assert await tables.contents() == before


UNSTORABLE: dict[str, Callable[[], SagaBatch]] = {
    "U+001F in a text": lambda: batch(steps=[step(1), step(2, actor="a\x1fb")]),
    "NUL in a text": lambda: batch(steps=[step(1, actor="a\x00b")]),
    "NUL in a state": lambda: batch(instances=[instance(state=rb'{"name": "\u0000"}')]),
}


@pytest.mark.parametrize("name", UNSTORABLE)
async def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    store: SagaStores, tables: Tables, name: str
) -> None:
    await store.acquire(LANE, "owner")
    before = await tables.contents()
    with pytest.raises(Unstorable):
        await store.commit(UNSTORABLE[name]())
    assert await tables.contents() == before
    await store.commit(batch())


async def test_events_are_read_from_the_table(store: SagaStores, tables: Tables) -> None:
    await tables.store.acquire(COMMAND_LANE, "command worker")
    await tables.store.commit(everything())
    assert await store.events_after("users", 0, 1, 10) == [event(2, version=2)]


async def test_streams_wait_until_they_are_taken_from_the_waiting(store: SagaStores) -> None:
    await store.acquire(LANE, "owner")
    await store.acquire(OTHER_LANE, "owner")
    ada, bob = waiting("ada"), waiting("bob", "farewell")
    await store.commit(batch(steps=[], parked=[bob, ada, waiting("bob")]))
    await store.commit(batch(OTHER_LANE, steps=[], parked=[waiting("eve")]))
    assert list(await store.parked(LANE)) == [bob, ada, waiting("bob")]
    again = ada._replace(stream_version=4, sequence=9, attempts=6)
    await store.commit(batch(steps=[], parked=[again], unparked=[("welcome", "bob"), ("welcome", "nobody")]))
    assert list(await store.parked(LANE)) == [bob, again]
    assert list(await store.parked(OTHER_LANE)) == [waiting("eve")]


async def test_a_request_ends_when_its_stream_is_parked_or_unparked_again(store: SagaStores, tables: Tables) -> None:
    await store.acquire(LANE, "owner")
    await store.commit(batch(steps=[], parked=[waiting("ada"), waiting("bob"), waiting("eve")]))
    assert await store.parked_requests(LANE) == []
    for name, action in (("bob", "skip"), ("ada", "retry"), ("eve", "retry"), ("nobody", "retry")):
        await tables.request(LANE, "welcome", name, action)
    requested = [
        ParkedStreamRequest("welcome", "ada", "retry"),
        ParkedStreamRequest("welcome", "bob", "skip"),
        ParkedStreamRequest("welcome", "eve", "retry"),
    ]
    assert list(await store.parked_requests(LANE)) == requested
    await store.commit(batch(steps=[], parked=[waiting("ada", attempts=6)], unparked=[("welcome", "bob")]))
    assert list(await store.parked_requests(LANE)) == requested[2:]
    assert await store.parked_requests(OTHER_LANE) == []


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("loss", ["requests", "answers"])
async def test_after_a_lost_connection_the_row_tells_whether_the_batch_was_written(
    store: SagaStores, tables: Tables, loss: Loss
) -> None:
    for lane in (LANE, OTHER_LANE):
        await store.acquire(lane, "owner")
    await store.commit(batch(OTHER_LANE))  # a statement that the server knows is one request
    before = await tables.contents()
    tables.line.loses = loss
    with pytest.raises(Unavailable):
        await store.commit(batch(parked=[waiting("bob")]))
    tables.line.loses = "nothing"
    written = loss == "answers"
    assert (await tables.contents() == before) is not written
    grant = await store.acquire(LANE, "again")
    assert (grant.consumed, grant.sequence, grant.input_sequence) == ((7, 2, 5) if written else (0, 0, 0))
    assert len(await store.outbox_after(LANE, 0, 10)) == 2 * written
    assert len(await store.parked(LANE)) == written
