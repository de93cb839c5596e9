"""A batch of a saga lane is written whole by the lane's owner, or not at all; its outbox keeps the order."""

from typing import Any

import pytest
import pytest_asyncio

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from tests.postgres.batches import LANE as COMMAND_LANE
from tests.postgres.batches import command_id, event, everything, tables
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Fenced, LaneGrant, LaneKey, Mark
from workers.ports.sagas import InstanceKey, InstanceRow, SagaBatch, StepRow

LANE = LaneKey("saga", "users.events", 0)
OTHER_LANE = LaneKey("saga", "users.events", 1)


def instance(name: str = "ada", state: bytes = b'{"step": "welcome"}', **changes: Any) -> InstanceRow:
    return InstanceRow("welcome", name, "running", state, "correlation")._replace(**changes)


def step(position: int, **changes: Any) -> StepRow:
    row = StepRow(
        position=position,
        saga="welcome",
        instance_id="ada",
        step="welcome",
        command_id=command_id(position),
        command_type="WelcomeUser",
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
    return SagaBatch(lane, epoch, 7, 2, 1, 5, [instance()], [step(1), step(2)])._replace(**changes)


@pytest_asyncio.fixture
async def store(database: Database) -> PostgresSagaStore:
    return PostgresSagaStore(database)


async def test_a_lane_goes_on_where_its_last_batch_ended(store: PostgresSagaStore) -> None:
    assert await store.take(LANE, "first") == LaneGrant(1, 0, 0, Mark(0, -1), 0)
    await store.commit(batch())
    await store.leave(LANE, 1, Mark(2, -1))
    assert await store.take(LANE, "second") == LaneGrant(2, 7, 2, Mark(2, -1), 5)
    await store.commit(batch(epoch=2, consumed=9, position=2, published=2, input_sequence=6, steps=[]))
    assert await store.take(LANE, "third") == LaneGrant(3, 9, 2, Mark(2, -1), 6)


async def test_an_old_epoch_writes_nothing_at_all(store: PostgresSagaStore, onlooker: Any) -> None:
    await store.take(LANE, "paused")
    await store.take(LANE, "successor")
    before = await tables(onlooker)
    with pytest.raises(Fenced) as caught:
        await store.commit(batch(epoch=1))
    assert (caught.value.lane, caught.value.epoch) == (LANE, 1)
    assert await tables(onlooker) == before
    await store.commit(batch(epoch=2))


async def test_the_epoch_of_a_command_lane_counts_for_no_saga(store: PostgresSagaStore, onlooker: Any) -> None:
    await store.take(COMMAND_LANE._replace(topic=LANE.topic), "command worker")
    before = await tables(onlooker)
    with pytest.raises(Fenced):
        await store.commit(batch())
    assert await tables(onlooker) == before


async def test_instances_appear_and_change(store: PostgresSagaStore, onlooker: Any) -> None:
    await store.take(LANE, "owner")
    await store.commit(batch(instances=[instance("ada"), instance("bob")]))
    await store.commit(batch(instances=[instance("ada", b'{"step": "done"}', status="ended")], steps=[]))
    wanted = [InstanceKey("welcome", name) for name in ("ada", "bob", "nobody")] + [InstanceKey("other", "ada")]
    assert await store.instances(wanted) == {
        InstanceKey("welcome", "ada"): b'{"step": "done"}',
        InstanceKey("welcome", "bob"): b'{"step": "welcome"}',
    }
    assert await store.instances([]) == {}
    rows = await onlooker.fetch("SELECT instance_id, status, updated_at > started_at FROM annals.sagas ORDER BY 1")
    assert [tuple(row) for row in rows] == [("ada", "ended", True), ("bob", "running", False)]


async def test_the_outbox_comes_back_in_order_as_it_was_written(store: PostgresSagaStore) -> None:
    for lane in (LANE, OTHER_LANE):
        await store.take(lane, "owner")
    full = step(2, actor="clerk", traceparent="00-a-b-01", caused_at="2026-05-04T12:30:15.000000Z")
    await store.commit(batch(position=12, steps=[*map(step, range(12, 2, -1)), full, step(1)]))
    await store.commit(batch(OTHER_LANE, position=1, steps=[step(1, command_id=command_id(99))]))
    written = [step(1), full, *map(step, range(3, 13))]
    assert await store.outbox_after(LANE, 0, 100) == written
    assert await store.outbox_after(LANE, 1, 3) == written[1:4]
    assert await store.outbox_after(LANE, 12, 100) == []
    assert await store.outbox_after(OTHER_LANE, 0, 100) == [step(1, command_id=command_id(99))]


@pytest.mark.parametrize("steps", [[step(1), step(2, actor="a\x1fb")], [step(1, actor="a\x00b")]])
async def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    store: PostgresSagaStore, onlooker: Any, steps: list[StepRow]
) -> None:
    await store.take(LANE, "owner")
    before = await tables(onlooker)
    with pytest.raises(Unstorable):
        await store.commit(batch(steps=steps))
    assert await tables(onlooker) == before
    await store.commit(batch())


async def test_events_are_read_from_the_table(store: PostgresSagaStore, database: Database) -> None:
    commands = PostgresEventStore(database)
    await commands.take(COMMAND_LANE, "command worker")
    await commands.commit(everything())
    assert await store.events_after("users", 0, 1, 10) == [event(2, version=2)]
