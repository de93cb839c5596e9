"""`waiting_events`: of a stream that waits, what its lane has passed, from the table; and what no event is."""

from collections.abc import Sequence
from typing import Literal

import pytest

from contracts.catalogue import stored_events
from contracts.envelope import MalformedMessage
from contracts.stored_events import NewerRelease
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED, ADAS_EMAIL_CHANGED
from tests.lanes.recorded_rows import RowsInMemory, event_rows
from workers.lanes.recorded_rows import recorded_row
from workers.lanes.waiting_events import waiting_events
from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream, ParkedStreamRequest

BOB_CREATED = ADA_CREATED.model_copy(update={"user_id": "bob", "email": "bob@example.org"})
ADA = ADA_CREATED.user_id
# Ada's versions 1 to 4 have the sequences 1, 3, 4 and 6.
ROWS = event_rows(ADA_CREATED, BOB_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN, BOB_CREATED, ADAS_EMAIL_CHANGED)
MODELS = stored_events()


async def waiting(version: int, until: int, action: Literal["retry", "skip"] = "retry") -> list[int]:
    """The sequences of the events of ada's stream, which waits from this version on, by a lane that stands there."""
    parked = ParkedStream("users", ADA, version, 1, "users.UserCreated.v2", "KeyError", 3, "2026-01-01T00:00:00Z")
    request = ParkedStreamRequest("users", ADA, action)
    event = await waiting_events(RowsInMemory(ROWS), "users", parked, request, MODELS, until)
    assert all(recorded.stream_id == ADA for recorded in event)
    return [recorded.sequence for recorded in event]


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
async def test_are_all_that_the_lane_has_passed_and_no_more(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.waiting_events.FILL_BATCH_EVENTS", page)
    assert [await waiting(1, until) for until in (0, 1, 2, 3, 5, 6, 99)] == [
        *([], [1], [1], [1, 3], [1, 3, 4]),
        *([1, 3, 4, 6], [1, 3, 4, 6]),
    ]
    assert await waiting(3, 6) == [4, 6]


async def test_are_without_the_first_when_it_is_to_be_passed_over() -> None:
    assert await waiting(1, 6, "skip") == [3, 4, 6]
    assert await waiting(4, 6, "skip") == []


async def test_are_read_no_further_than_the_lane_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.waiting_events.FILL_BATCH_EVENTS", 1)
    asked: list[int] = []

    class Table(RowsInMemory):
        async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
            asked.append(version)
            return await super().stream_after(context, stream_id, version, limit)

    parked = ParkedStream("users", ADA, 1, 1, "users.UserCreated.v2", "KeyError", 3, "2026-01-01T00:00:00Z")
    await waiting_events(Table(ROWS), "users", parked, ParkedStreamRequest("users", ADA, "retry"), MODELS, 2)
    assert asked == [0, 1]


def test_are_as_the_table_has_them() -> None:
    row = ROWS[3]._replace(traceparent="00-trace")
    event = recorded_row(row, MODELS)
    assert event.event == ADA_MOVED_TO_TURIN
    assert event[1:9] == (
        *(row.event_id, ADA, 3, 4, "2026-01-01T00:00:04.000000Z"),
        *(f"correlation of {ADA}", "tester", "00-trace"),
    )


def test_of_a_type_that_is_not_known_say_which() -> None:
    with pytest.raises(NewerRelease, match=r"users\.UserExploded\.v1 was written by a newer release: upgrade"):
        recorded_row(ROWS[0]._replace(type="UserExploded", schema_version=1), MODELS)


def test_whose_fields_are_wrong_say_of_which_type() -> None:
    with pytest.raises(MalformedMessage, match=r"the fields of users\.UserWelcomed\.v1 are wrong") as raised:
        recorded_row(ROWS[0]._replace(type="UserWelcomed", schema_version=1, data=b"{}"), MODELS)
    assert raised.value.reason == "NotAnEvent"
