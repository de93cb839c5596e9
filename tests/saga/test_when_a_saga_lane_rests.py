"""`SagaIdleLook` wakes a lane for whatever its own look would find, and for nothing else."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.memory.waiting_lanes import MemoryWaitingLanes
from tests.lanes.in_memory import write
from tests.lanes.recorded_rows import event_rows, inbound_all
from tests.saga.greeting import DEADLINE_SECONDS, greeting
from tests.saga.installation import Installation, created
from tests.saga.test_a_bug_in_a_saga import failing_for
from workers.core.saga import Saga
from workers.ports.lanes import LaneKey
from workers.ports.sagas import DueInternalEvents
from workers.saga.idle_look import SagaIdleLook
from workers.saga.internal_event_source import LOOK_INTERVAL_SECONDS
from workers.saga.lane import SagaLane

ROWS = event_rows(created("ada"), created("bob"))


async def resting(sagas: Sequence[Saga[Any]]) -> tuple[Installation, SagaLane, SagaIdleLook]:
    installation = Installation(ROWS)
    lane = installation.lane(sagas)
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    await lane.idle()
    tables = MemoryWaitingLanes(installation.store.table, installation.store.line)
    return installation, lane, SagaIdleLook(tables, [saga.name for saga in sagas])


async def test_it_is_woken_when_a_deadline_passes_and_rests_once_that_is_handled() -> None:
    installation, lane, look = await resting([greeting])
    assert not await look([lane])
    installation.pass_seconds(DEADLINE_SECONDS + 1)
    assert set(await look([lane])) == {lane}
    await lane.idle()
    installation.pass_seconds(1)
    assert set(await look([lane])) == {lane}, "bob's has passed as well"
    await lane.idle()
    assert not await look([lane])


async def test_it_asks_at_once_when_it_is_woken_for_what_its_own_look_was_too_early_for() -> None:
    installation, lane, look = await resting([greeting])
    installation.pass_seconds(DEADLINE_SECONDS + 0.5)
    await lane.idle()
    installation.pass_seconds(0.5)
    assert set(await look([lane])) == {lane}, "ada's deadline has passed meanwhile"
    await lane.idle()
    assert not await look([lane])


async def test_a_record_right_after_a_look_that_found_nothing_costs_no_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation, lane, look = await resting([greeting])
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    asked: list[LaneKey] = []
    due = installation.store.due

    async def noted(key: LaneKey, sagas: Sequence[str], limit: int) -> DueInternalEvents:
        asked.append(key)
        return await due(key, sagas, limit)

    monkeypatch.setattr(installation.store, "due", noted)
    rows = event_rows(created("ada"), created("bob"), created("carl"), created("dora"))
    write(installation.store.table, rows[2:])
    await look([lane])
    await lane.handle(inbound_all(rows)[2:3])
    assert not asked
    installation.pass_seconds(LOOK_INTERVAL_SECONDS)
    await lane.handle(inbound_all(rows)[3:])
    assert len(asked) == 1, "nobody has looked for a while"


async def test_it_is_woken_while_the_table_has_an_event_that_the_log_has_not_brought() -> None:
    installation, lane, look = await resting([greeting])
    rows = event_rows(created("ada"), created("bob"), created("carl"))
    write(installation.store.table, rows[2:])
    assert set(await look([lane])) == {lane}
    await lane.handle(inbound_all(rows)[2:])
    assert not await look([lane])


async def test_it_is_woken_as_long_as_a_stream_is_parked() -> None:
    _, lane, look = await resting(failing_for("bob"))
    assert set(await look([lane])) == {lane}
