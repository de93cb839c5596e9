"""The past as the gateway reads it: by a role that can change nothing, bounded, and of one correlation all there is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from contracts.envelope import rfc3339
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.history import PostgresHistory
from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from tests.postgres.batches import LANE, TIME, batch, command_id, event, event_id, outcome
from workers.history.tree import tree
from workers.ports.history import Cause
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceRow, JournalRow, SagaBatch, StepRow

SAGA_LANE = LaneKey("saga", "users.events", 0)
PASSED = event_id(99)
NOW = rfc3339(TIME)
ONE_EVENT = [(event_id(1), "users.UserCreated.v1")]


@pytest_asyncio.fixture
async def history(url: str) -> AsyncIterator[PostgresHistory]:
    reader = Database(url, role="annals_reader", connections=2)
    await reader.open()
    yield PostgresHistory(reader)
    await reader.close()


@pytest_asyncio.fixture(autouse=True)
async def recorded(database: Database) -> None:
    """Command 1 leads to event 1, that to a saga with command 2 and, by a deadline, command 3; 4 and 5 are others'."""
    store = PostgresEventStore(database)
    grant = await store.acquire(LANE, "the test")
    outcomes = [
        outcome(1, causation_id=command_id(1), events=ONE_EVENT),
        outcome(2, causation_id=event_id(1), events=ONE_EVENT),
        outcome(4, correlation_id="other", causation_id=command_id(4), sequence=3, events=ONE_EVENT),
        outcome(5, correlation_id="other", causation_id=command_id(4), status="rejected", actor="clerk"),
    ]
    events = [event(1), event(2, version=2), event(3, "bob", command_id=command_id(4), correlation_id="other")]
    await store.commit(batch(LANE, grant.epoch, sequence=3, outcomes=outcomes, events=events))
    await _saga(PostgresSagaStore(database))


async def _saga(store: PostgresSagaStore) -> None:
    grant = await store.acquire(SAGA_LANE, "the test")
    journal = [
        JournalRow("welcome", "ada", 1, "users.Done.v1", "users", 0, 1, event_id(1), NOW, "welcome", None),
        JournalRow(
            *("welcome", "ada", 2, "core.DeadlinePassed.v1", "core", 0, 0, PASSED, NOW, "late"),
            b'{"instance_id":"ada","deadline":"soon"}',
        ),
    ]
    steps = [_step(1, command_id(2), event_id(1)), _step(2, command_id(3), PASSED)]
    instance = InstanceRow("welcome", "ada", "late", b"{}", "correlation", 2, 2)
    await store.commit(SagaBatch(SAGA_LANE, grant.epoch, 1, 2, 0, 1, [instance], steps, journal=journal))


def _step(position: int, command: str, cause: str) -> StepRow:
    return StepRow(
        *(position, "welcome", "ada", f"step-{position}", command, "users.Do.v1", "ada", b"{}", "correlation", cause),
        *("clerk", None, NOW),
    )


async def test_all_of_one_correlation_is_found_and_nothing_else(history: PostgresHistory) -> None:
    history_rows = await history.correlated("correlation", 100)
    assert {row.command_id for row in history_rows.commands} == {command_id(1), command_id(2)}
    assert {row.event_id for row in history_rows.events} == {event_id(1), event_id(2)}
    assert [(step.command_id, step.causation_id, step.caused_at) for step in history_rows.steps] == [
        (command_id(2), event_id(1), TIME),
        (command_id(3), PASSED, TIME),
    ]
    (saga,) = history_rows.sagas
    assert (saga.saga, saga.instance_id, saga.status, saga.begun_by) == ("welcome", "ada", "late", event_id(1))
    (notice,) = history_rows.notices
    assert (notice.event_id, notice.type, notice.recorded_at) == (PASSED, "core.DeadlinePassed.v1", TIME)
    assert history_rows.cut == frozenset()
    other = await history.correlated("other", 100)
    assert (len(other.commands), len(other.events), other.steps, other.sagas) == (2, 1, [], [])
    assert (await history.correlated("nothing", 100)).is_empty


async def test_it_makes_the_tree(history: PostgresHistory) -> None:
    nodes = tree(await history.correlated("correlation", 100))
    assert [(node.depth, node.kind, node.id) for node in nodes] == [
        (0, "command", command_id(1)),
        (1, "event", event_id(1)),
        (2, "saga", "welcome/ada"),
        (3, "notice", PASSED),
        (4, "command", command_id(3)),
        (3, "command", command_id(2)),
        (4, "event", event_id(2)),
    ]
    assert [node.status for node in nodes if node.kind == "command"] == ["accepted", "pending", "accepted"]


async def test_what_is_too_much_is_cut_and_marked_as_cut(history: PostgresHistory) -> None:
    history_rows = await history.correlated("correlation", 1)
    assert [len(rows) for rows in history_rows[:5]] == [1, 1, 1, 1, 1]
    assert history_rows.cut == {"commands", "events", "steps"}


async def test_of_what_is_cut_the_earliest_is_shown(database: Database, history: PostgresHistory) -> None:
    store = PostgresEventStore(database)
    grant = await store.acquire(LANE, "the test")
    earlier = TIME - timedelta(hours=1)
    early = outcome(6, sequence=4, events=ONE_EVENT)
    await store.commit(
        batch(LANE, grant.epoch, time=earlier, sequence=4, outcomes=[early], events=[event(4, version=3)])
    )
    history_rows = await history.correlated("correlation", 1)
    assert [row.command_id for row in history_rows.commands] == [command_id(6)]
    assert [row.event_id for row in history_rows.events] == [event_id(4)]


async def test_causes_name_the_sender_of_a_command(history: PostgresHistory) -> None:
    asked = [command_id(number) for number in (1, 2, 3, 5, 77)]
    assert await history.causes("users", "ada", asked) == {
        command_id(1): Cause(command_id(1), "CreateUser", command_id(1), None, None, None, None),
        command_id(2): Cause(command_id(2), "CreateUser", event_id(1), "welcome", "ada", "step-1", None),
        command_id(5): Cause(command_id(5), "CreateUser", command_id(4), None, None, None, "clerk"),
    }
    assert await history.causes("users", "ada", []) == {}


@pytest.mark.parametrize(("after", "limit", "versions"), [(0, 10, [1, 2]), (1, 10, [2]), (0, 1, [1]), (2, 10, [])])
async def test_a_stream_is_read_in_pages(history: PostgresHistory, after: int, limit: int, versions: list[int]) -> None:
    rows = await history.stream_after("users", "ada", after, limit)
    assert [row.stream_version for row in rows] == versions
