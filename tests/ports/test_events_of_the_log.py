"""A saga lane's batch is written only if each event that it has passed stands in the event table as the log has it."""

from typing import Any

import pytest

from tests.ports.tables import SagaStores, Tables
from tests.ports.test_saga_store import LANE, OTHER_LANE, batch, instance
from tests.postgres.batches import LANE as COMMAND_LANE
from tests.postgres.batches import batch as command_batch
from tests.postgres.batches import event, event_id
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Fenced
from workers.ports.logged_events import EventsNotStored, LoggedEvent
from workers.ports.sagas import SagaBatch

FIRST = LoggedEvent(
    context="users",
    sequence=1,
    event_id=event_id(1),
    stream_id="ada",
    stream_version=1,
    type="UserCreated",
    schema_version=1,
    data=b'{"user_id": "ada", "amount": "1.00", "lines": [1, 2]}',
    correlation_id="correlation",
    actor="clerk",
    traceparent="00-a-b-01",
    recorded_at="2026-05-04T12:30:15.123456Z",
)
SECOND = FIRST._replace(sequence=2, event_id=event_id(2), stream_version=2, actor=None, traceparent=None)
AS_STORED: dict[str, Any] = {"data": FIRST.data, "actor": FIRST.actor, "traceparent": FIRST.traceparent}


def passed(*logged: LoggedEvent, **changes: Any) -> SagaBatch:
    return batch(logged=logged, instances=[instance()], **changes)


@pytest.fixture
async def store(tables: Tables) -> SagaStores:
    """It owns both lanes; the table has the first two events of a stream."""
    for lane in (LANE, OTHER_LANE):
        await tables.sagas.acquire(lane, "owner")
    await tables.store.acquire(COMMAND_LANE, "owner")
    rows = [event(1, **AS_STORED), event(2, version=2, data=FIRST.data)]
    await tables.store.commit(command_batch(events=rows, sequence=2))
    return tables.sagas


async def test_is_written_when_all_of_them_do(store: SagaStores, tables: Tables) -> None:
    await store.commit(passed(FIRST, SECOND))
    assert await tables.statuses() == {"ada": "running"}


@pytest.mark.parametrize(
    "data",
    [b'{"lines":[1,2],"amount":"1.00","user_id":"ada"}', None],
    ids=["written another way", "of no interest"],
)
async def test_is_written_when_the_data_says_the_same(store: SagaStores, data: bytes | None) -> None:
    await store.commit(passed(FIRST._replace(data=data), SECOND))


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 3},
        {"sequence": 3, "event_id": event_id(3), "stream_version": 3},
        {"sequence": 1},
        {"event_id": event_id(9)},
        {"stream_id": "bob"},
        {"stream_version": 3},
        {"type": "UserDeleted"},
        {"schema_version": 2},
        {"data": b'{"user_id": "ada", "amount": "9999.00", "lines": [1, 2]}'},
        {"data": b'{"user_id": "ada", "amount": "1.00", "lines": [1]}'},
        {"data": b'{"user_id": "ada", "amount": "1.00", "lines": [1, 2], "more": null}'},
        {"data": b"{}"},
        {"correlation_id": "another"},
        {"actor": "mallory"},
        {"traceparent": "00-a-b-02"},
        {"recorded_at": "2026-05-04T12:30:15.123457Z"},
        {"context": "orders"},
    ],
    ids=" ".join,
)
async def test_is_not_written_when_one_differs(store: SagaStores, tables: Tables, change: dict[str, Any]) -> None:
    before = await tables.contents()
    with pytest.raises(EventsNotStored):
        await store.commit(passed(FIRST, SECOND._replace(**change)))
    assert await tables.contents() == before


async def test_is_not_written_when_they_stand_in_another_lane(store: SagaStores) -> None:
    with pytest.raises(EventsNotStored):
        await store.commit(passed(FIRST, lane=OTHER_LANE))


@pytest.mark.parametrize(
    "change",
    [
        {"data": b'{"amount": NaN}'},
        {"data": b'{"user_id": "\\u0000"}'},
        {"data": b'{"amount": 1e999999}'},
        {"correlation_id": "a\x1fb"},
        {"stream_id": "a\x00b"},
        {"event_id": "no uuid"},
    ],
    ids=["NaN", "an escaped NUL", "a number without end", "a separator", "a NUL", "an id"],
)
async def test_is_not_written_when_no_column_can_hold_one(
    store: SagaStores, tables: Tables, change: dict[str, Any]
) -> None:
    before = await tables.contents()
    with pytest.raises((Unstorable, EventsNotStored)):
        await store.commit(passed(FIRST, SECOND._replace(**change)))
    assert await tables.contents() == before


async def test_is_refused_first_of_all_when_the_lane_has_another_owner(store: SagaStores) -> None:
    await store.acquire(LANE, "successor")
    with pytest.raises(Fenced):
        await store.commit(passed(FIRST._replace(sequence=9)))
