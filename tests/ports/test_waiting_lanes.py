"""One question for many lanes tells the same of each as the lane's own question."""

import asyncio

from tests.ports.tables import SagaStores, Tables
from tests.ports.test_answers_to_steps import answer, refuse
from tests.ports.test_saga_deadlines import LATER, SAGAS, deadline, taken
from tests.ports.test_saga_store import LANE, OTHER_LANE, batch, step, store
from tests.postgres.batches import LANE as COMMAND_LANE
from tests.postgres.batches import batch as command_batch
from tests.postgres.batches import event
from workers.ports.waiting_lanes import LanePlace

__all__ = ["store"]

FIRST, SECOND = LanePlace("users", 0), LanePlace("users", 1)


async def test_the_table_is_ahead_where_it_has_a_later_event(tables: Tables) -> None:
    await tables.store.acquire(COMMAND_LANE, "owner")
    await tables.store.commit(command_batch(sequence=2, events=[event(1), event(2, version=2)]))
    lanes = tables.waiting_lanes
    assert set(await lanes.ahead({FIRST: 1, SECOND: 0, LanePlace("orders", 0): 0})) == {FIRST}
    assert set(await lanes.ahead({FIRST: 2, SECOND: 0})) == set()
    assert set(await lanes.ahead({})) == set()


async def test_whoever_asks_at_the_same_time_is_told_of_their_own_position(tables: Tables) -> None:
    """Two projections follow one lane, and one of them has read less of it."""
    await tables.store.acquire(COMMAND_LANE, "owner")
    await tables.store.commit(command_batch(sequence=2, events=[event(1), event(2, version=2)]))
    asked: list[dict[LanePlace, int]] = [{FIRST: 2}, {SECOND: 0, FIRST: 1}, {}, {FIRST: 0}, {FIRST: 2, SECOND: 0}]
    answers = await asyncio.gather(*(tables.waiting_lanes.ahead(sequences) for sequences in asked))
    assert [set(answer) for answer in answers] == [set(), {FIRST}, set(), {FIRST}, set()]


async def test_a_lane_has_something_due_once_one_of_its_deadlines_has_passed(store: SagaStores, tables: Tables) -> None:
    await taken(store)
    await store.commit(batch(steps=[], deadlines=[deadline("later", LATER)]))
    assert set(await tables.waiting_lanes.due([LANE, OTHER_LANE], SAGAS)) == set()
    await store.commit(batch(OTHER_LANE, steps=[], deadlines=[deadline(instance_id="bob")]))
    assert set(await tables.waiting_lanes.due([LANE, OTHER_LANE], SAGAS)) == {OTHER_LANE}
    assert set(await tables.waiting_lanes.due([LANE], SAGAS)) == set()
    assert set(await tables.waiting_lanes.due([LANE, OTHER_LANE], ["farewell"])) == set()


async def test_a_lane_has_something_due_when_a_step_was_rejected_or_has_changed_nothing(
    store: SagaStores, tables: Tables
) -> None:
    await taken(store)
    await store.commit(batch(steps=[step(1, handles_rejection=True), step(2, handles_rejection=True)]))
    assert set(await tables.waiting_lanes.due([LANE, OTHER_LANE], SAGAS)) == set()
    await refuse(tables, 1)
    assert set(await tables.waiting_lanes.due([LANE, OTHER_LANE], SAGAS)) == {LANE}
    await store.commit(batch(steps=[], position=2, answered_steps=[1]))
    assert set(await tables.waiting_lanes.due([LANE, OTHER_LANE], SAGAS)) == set()
    await tables.store.commit(command_batch(outcomes=[answer(2)]))
    has_answer = bool((await store.due(LANE, SAGAS, 1)).unchanged)
    assert (LANE in await tables.waiting_lanes.due([LANE, OTHER_LANE], SAGAS)) == has_answer
