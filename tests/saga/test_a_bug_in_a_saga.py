"""`SagaLane` with code that fails on an event: its stream waits, all others go on, and the code can be fixed."""

from dataclasses import replace
from typing import Any

from tests.lanes.recorded_rows import inbound_all
from tests.saga.installation import LANE, ROWS, Installation
from tests.saga.test_a_saga_lane import ADA
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, Saga
from workers.domain import contexts


def failing_for(stream_id: str) -> list[Saga[Any]]:
    """The welcome, by code with a bug."""
    (welcome,) = contexts()["users"].sagas

    def decide(state: Any, recorded: Recorded) -> tuple[Consequence, ...]:
        if recorded.stream_id == stream_id:
            raise ValueError("a bug")
        return tuple(welcome.decide(state, recorded))

    return [replace(welcome, decide=decide)]


async def test_parks_the_stream_of_an_event_that_a_saga_cannot_take_and_goes_on_with_all_others() -> None:
    installation = Installation()
    lane = installation.lane(failing_for(ADA))
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    assert installation.welcomed == ["bob", "carl"]
    assert installation.statuses == {"bob": "welcome", "carl": "welcome"}
    (waiting,) = installation.store.waiting.values()
    assert (waiting.follower, waiting.stream_id, waiting.stream_version) == ("welcome", ADA, 1)
    assert installation.store.rows[LANE].consumed == 5


async def test_brings_a_parked_stream_up_to_date_in_order_when_the_code_is_fixed() -> None:
    installation = Installation()
    broken = installation.lane(failing_for(ADA))
    await broken.acquire()
    await broken.handle(inbound_all(ROWS[:4]))
    installation.store.table.request(LANE, "welcome", ADA, "retry")
    fixed = installation.lane()
    await fixed.acquire()
    await fixed.idle()
    assert (installation.store.waiting, installation.store.requested) == ({}, [])
    assert installation.statuses[ADA] == "welcomed"
    sent = [step.stream_id for step in installation.store.outbox]
    assert sent == ["bob", ADA], "the step of the first event, though a later one has ended what it began"
    await fixed.handle(inbound_all(ROWS)[4:])
    row = installation.store.rows[LANE]
    assert (row.consumed, row.sequence, row.input_sequence) == (5, 3, 5)


async def test_passes_over_an_event_when_asked_to() -> None:
    installation = Installation()
    lane = installation.lane(failing_for("bob"))
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    installation.store.table.request(LANE, "welcome", "bob", "skip")
    await lane.idle()
    assert installation.store.waiting == {}
    assert "bob" not in installation.statuses
