"""Answers that are no event: that a step was rejected, or changed nothing, is given once, to the lane of the step, and
only when it was said of that step.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.outcome import content_digest
from tests.ports.tables import SagaStores, Tables
from tests.ports.test_saga_deadlines import SAGAS, taken
from tests.ports.test_saga_store import LANE, OTHER_LANE, batch, step, store
from tests.postgres.batches import LANE as COMMAND_LANE
from tests.postgres.batches import batch as command_batch
from tests.postgres.batches import command_id, outcome
from workers.ports.outcomes import OutcomeRow

__all__ = ["store"]


def answer(place: int, **changes: Any) -> OutcomeRow:
    """The outcome of a step's command; `changes` are other fields."""
    return outcome(place, **{"type": "users.WelcomeUser.v1", **changes})


async def refuse(tables: Tables, *places: int) -> None:
    """The commands of these places in the outbox are rejected."""
    await tables.store.acquire(COMMAND_LANE, "command worker")
    rejected = [answer(place, status="rejected", error=ERROR) for place in places]
    await tables.store.commit(command_batch(outcomes=rejected))


ERROR = b'{"code": "AccountNotFound"}'


async def test_a_rejection_is_given_to_the_lane_of_the_step_if_its_saga_handles_it(
    store: SagaStores, tables: Tables
) -> None:
    await taken(store)
    handling = step(1, handles_rejection=True, actor="clerk")
    await store.commit(batch(steps=[handling, step(2)]))
    await refuse(tables, 1, 2)
    due = await store.due(LANE, SAGAS, 10)
    (rejection,) = due.rejections
    assert (rejection.position, rejection.saga, rejection.instance_id, rejection.step) == (
        1,
        "welcome",
        "ada",
        "welcome",
    )
    assert (rejection.stream_id, rejection.command_id, rejection.code) == ("ada", command_id(1), "AccountNotFound")
    assert (rejection.correlation_id, rejection.actor) == ("correlation", "clerk")
    assert rejection.handled_at.endswith("Z")
    assert list((await store.due(OTHER_LANE, SAGAS, 10)).rejections) == []
    assert list((await store.due(LANE, ["farewell"], 10)).rejections) == []
    await store.commit(batch(steps=[], position=2, answered_steps=[1]))
    assert list((await store.due(LANE, SAGAS, 10)).rejections) == []


async def test_an_accepted_command_is_no_rejection(store: SagaStores, tables: Tables) -> None:
    await taken(store)
    await store.commit(batch(steps=[step(1, handles_rejection=True)]))
    await tables.store.acquire(COMMAND_LANE, "command worker")
    await tables.store.commit(command_batch(outcomes=[outcome(1)]))
    assert list((await store.due(LANE, SAGAS, 10)).rejections) == []


async def accept(tables: Tables, events: Sequence[tuple[str, str]], *places: int) -> None:
    """The commands of these places in the outbox are accepted, with these events."""
    await tables.store.acquire(COMMAND_LANE, "command worker")
    accepted = [answer(place, events=events) for place in places]
    await tables.store.commit(command_batch(outcomes=accepted))


async def test_that_a_step_changed_nothing_is_given_to_its_lane_if_its_saga_handles_it(
    store: SagaStores, tables: Tables
) -> None:
    await taken(store)
    await store.commit(batch(steps=[step(1, handles_rejection=True, actor="clerk"), step(2)]))
    await accept(tables, (), 1, 2)
    due = await store.due(LANE, SAGAS, 10)
    (unchanged,) = due.unchanged
    assert (unchanged.position, unchanged.saga, unchanged.instance_id, unchanged.step) == (
        1,
        "welcome",
        "ada",
        "welcome",
    )
    assert (unchanged.stream_id, unchanged.command_id) == ("ada", command_id(1))
    assert (unchanged.correlation_id, unchanged.actor) == ("correlation", "clerk")
    assert unchanged.handled_at.endswith("Z")
    assert list(due.rejections) == []
    assert list((await store.due(OTHER_LANE, SAGAS, 10)).unchanged) == []
    assert list((await store.due(LANE, ["farewell"], 10)).unchanged) == []
    await store.commit(batch(steps=[], position=2, answered_steps=[1]))
    assert list((await store.due(LANE, SAGAS, 10)).unchanged) == []


async def test_of_a_step_that_changed_something_its_events_tell(store: SagaStores, tables: Tables) -> None:
    await taken(store)
    await store.commit(batch(steps=[step(1, handles_rejection=True)]))
    await accept(tables, [("e", "users.UserWelcomed.v1")], 1)
    due = await store.due(LANE, SAGAS, 10)
    assert (list(due.unchanged), list(due.rejections)) == ([], [])


OF_ANOTHER = [
    pytest.param({"type": "CreateUser"}, id="type"),
    pytest.param({"stream_id": "bob"}, id="stream"),
    pytest.param({"causation_id": command_id(1)}, id="cause"),
    pytest.param({"content_digest": content_digest(b'{ "user_id":"ada", "as":"another" }')}, id="content"),
]


@pytest.mark.parametrize("other", OF_ANOTHER)
@pytest.mark.parametrize("status", ["accepted", "rejected", "failed"])
async def test_an_answer_to_another_command_under_the_id_of_a_step_is_no_answer_to_the_step(
    store: SagaStores, tables: Tables, status: str, other: dict[str, Any]
) -> None:
    """The id of a step is known to all: another client may have used it."""
    await taken(store)
    sent = step(1, handles_rejection=True)
    await store.commit(batch(steps=[sent]))
    await tables.store.acquire(COMMAND_LANE, "command worker")
    row = answer(1, **{"status": status, "content_digest": content_digest(sent.data), **other})
    await tables.store.commit(command_batch(outcomes=[row]))
    due = await store.due(LANE, SAGAS, 10)
    assert (list(due.unchanged), list(due.rejections)) == ([], [])


@pytest.mark.parametrize("status", ["accepted", "rejected"])
async def test_an_answer_says_of_which_content_it_is(store: SagaStores, tables: Tables, status: str) -> None:
    await taken(store)
    sent = step(1, handles_rejection=True)
    await store.commit(batch(steps=[sent]))
    await tables.store.acquire(COMMAND_LANE, "command worker")
    await tables.store.commit(
        command_batch(outcomes=[answer(1, status=status, content_digest=content_digest(sent.data))])
    )
    due = await store.due(LANE, SAGAS, 10)
    assert (len(due.unchanged), len(due.rejections)) == ((1, 0) if status == "accepted" else (0, 1))


async def test_an_owner_that_was_replaced_has_handled_no_answer(store: SagaStores, tables: Tables) -> None:
    await taken(store)
    await store.commit(batch(steps=[step(1, handles_rejection=True)]))
    await accept(tables, (), 1)
    await store.acquire(LANE, "successor")
    with pytest.raises(Exception, match="epoch 1"):
        await store.commit(batch(steps=[], answered_steps=[1]))
    assert len((await store.due(LANE, SAGAS, 10)).unchanged) == 1
