"""Events of a newer release, and of an older one whose upcaster fails, as lanes read them: none is a stranger's."""

import pytest

from contracts.catalogue import catalogue
from contracts.envelope import MalformedMessage
from contracts.stored_events import NewerRelease, StoredEvents
from contracts.upcasting import Fields, upcaster, upcasters_of
from contracts.users.events import UserCreatedV1
from contracts.users.examples import ADA_CREATED
from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound
from tests.lanes.test_sequenced_events import ROWS, read, reader, sequences
from workers.lanes.sequenced import SequencedEvents


async def test_of_a_newer_release_are_left_to_it() -> None:
    rows = [ROWS[0], ROWS[1]._replace(schema_version=9), ROWS[2]]
    events = reader(RowsInMemory(rows))
    with pytest.raises(NewerRelease, match=rf"users\.{rows[1].type}\.v9 was written by a newer release"):
        await read(events, [inbound(row, offset) for offset, row in enumerate(rows)])


async def test_of_a_newer_release_that_were_passed_before_are_repeats() -> None:
    rows = [ROWS[0], ROWS[1]._replace(schema_version=9), ROWS[2]]
    events = reader(RowsInMemory(rows))
    events.position = 2
    assert sequences(await read(events, [inbound(row, offset) for offset, row in enumerate(rows)])) == [3]


async def test_of_a_newer_release_are_noticed_in_the_table_too() -> None:
    rows = [ROWS[0], ROWS[1]._replace(schema_version=9), ROWS[2]]
    events = reader(RowsInMemory(rows))
    with pytest.raises(NewerRelease):
        await read(events, [inbound(rows[0], 0), inbound(rows[2], 1)])


async def test_that_an_upcaster_cannot_read_are_not_taken_for_those_of_a_stranger() -> None:
    def failing(fields: Fields) -> Fields:
        raise KeyError(*fields)

    models = catalogue().events
    broken = StoredEvents(models, upcasters_of(models, [upcaster(UserCreatedV1)(failing)]))
    rows = event_rows(ADA_CREATED)
    old = rows[0]._replace(schema_version=1)
    events = SequencedEvents("projection", "users", 0, broken, RowsInMemory([old]))
    with pytest.raises(MalformedMessage, match=r"UpcasterFailed: .*failing raised KeyError"):
        await read(events, [inbound(old, 0)])
    assert await read(events, [inbound(old, 0)._replace(is_signed=False, key=None, headers=())]) == []
