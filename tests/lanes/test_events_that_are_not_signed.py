"""`SequencedEvents`: a record that is not signed may be anybody's, so the table's event is read in its place."""

from tests.lanes.recorded_rows import RowsInMemory, inbound, inbound_all
from tests.lanes.test_sequenced_events import ROWS, forged, forged_next, read, reader, sequences


async def test_and_were_forged_with_the_next_sequence_are_not_believed() -> None:
    table = RowsInMemory(ROWS[:2])
    events = reader(table)
    assert sequences(await read(events, [inbound(ROWS[0], 0), inbound(ROWS[1], 1), forged_next(ROWS[2], 2)])) == [1, 2]
    table.rows.append(ROWS[2])
    (true,) = await read(events, [inbound(ROWS[2], 3)])
    assert true.event_id == ROWS[2].event_id


async def test_and_were_forged_before_the_true_ones_came_give_way_to_those_of_the_table() -> None:
    records = [inbound(ROWS[0], 0), forged_next(ROWS[1], 1), inbound(ROWS[1], 2), inbound(ROWS[2], 3)]
    recorded_events = await read(reader(RowsInMemory(ROWS)), records)
    assert [recorded.event_id for recorded in recorded_events] == [row.event_id for row in ROWS[: len(recorded_events)]]
    assert len(recorded_events) >= 3


async def test_because_an_earlier_release_wrote_them_are_read_from_the_table_at_once() -> None:
    table = RowsInMemory(ROWS)
    records = [record._replace(is_signed=False) for record in inbound_all(ROWS)]
    assert await read(reader(table), records) == await read(reader(RowsInMemory(ROWS)), inbound_all(ROWS))
    assert table.asked == 1


async def test_and_come_in_a_flood_ask_the_table_once() -> None:
    table = RowsInMemory(ROWS[:1])
    flood = [forged(ROWS[1], 2 + number, number)._replace(is_signed=False) for number in range(1, 500)]
    assert sequences(await read(reader(table), [inbound(ROWS[0], 0), *flood])) == [1]
    assert table.asked == 1
