"""`SequencedEvents`: whatever the log looks like, a reader sees the table's events, each once, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import stored_events
from contracts.unreadable_batch import BATCH_TOO_LARGE, UnreadableBatch
from contracts.users.events import UserCreated, UserUpdated, UserWelcomed
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED, ADAS_EMAIL_CHANGED, CREATE_ADA
from tests.counted import Counted
from tests.lanes.recorded_rows import TOPIC, RowsInMemory, event_rows, inbound, inbound_all
from workers.core.recorded import Recorded
from workers.lanes.sequenced import FILL_BATCH_EVENTS, IDLE_LOOKS, SequencedEvents
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.testing.scenarios import words

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN, ADAS_EMAIL_CHANGED, ADA_WELCOMED, ADA_MOVED_TO_TURIN)
LAST = len(ROWS)


def reader(table: RowsInMemory) -> SequencedEvents:
    return SequencedEvents("projection", "users", 0, stored_events(), table)


def sequences(recorded_events: list[Recorded]) -> list[int]:
    return [recorded.sequence for recorded in recorded_events]


async def read(events: SequencedEvents, records: Sequence[InboundRecord]) -> list[Recorded]:
    """All stretches as one; each ends at the reader's position and before or behind one of the records."""
    recorded_events: list[Recorded] = []
    async for stretch in events.read(records):
        recorded_events += stretch.events
        assert len(stretch.events) <= max(FILL_BATCH_EVENTS, len(records))
        assert not stretch.events or stretch.events[-1].sequence == events.position
        assert records[0].offset <= stretch.next_offset <= records[-1].offset + 1
    return recorded_events


def foreign(offset: int, value: bytes = b"hello", headers: tuple[tuple[str, bytes], ...] = ()) -> InboundRecord:
    """A record that another program has written into the log."""
    return InboundRecord(TOPIC, 0, offset, b"ada", value, headers, 0)


def forged(row: EventRow, sequence: int, offset: int) -> InboundRecord:
    """A well-formed event with a sequence that no lane has handed out."""
    return inbound(row._replace(sequence=sequence, event_id="00000000-0000-5000-8000-00000000f00d"), offset)


async def test_of_a_clean_log_are_its_records_and_the_table_is_left_alone() -> None:
    table = RowsInMemory(ROWS)
    events = reader(table)
    recorded_events = await read(events, inbound_all(ROWS))
    assert sequences(recorded_events) == [1, 2, 3, 4, 5, 6]
    assert words([recorded.event for recorded in recorded_events]) == [
        (f"users.{row.type}.v{row.schema_version}", row.data.decode()) for row in ROWS
    ]
    assert [recorded.stream_version for recorded in recorded_events] == [1, 2, 3, 4, 5, 6]
    assert events.position == LAST
    assert table.asked == 0


async def test_read_from_the_table_are_as_they_would_be_from_the_log() -> None:
    from_log = await read(reader(RowsInMemory([])), inbound_all(ROWS))
    from_table = await read(reader(RowsInMemory(ROWS)), [inbound(ROWS[-1], 0)])
    assert from_table == from_log


async def test_that_were_passed_are_dropped() -> None:
    events = reader(RowsInMemory(ROWS))
    await read(events, inbound_all(ROWS[:4]))
    assert await read(events, inbound_all(ROWS[1:3])) == []
    assert events.position == 4
    assert sequences(await read(events, inbound_all(ROWS[2:6]))) == [5, 6]


async def test_that_the_log_lacks_come_from_the_table() -> None:
    table = RowsInMemory(ROWS)
    recorded_events = await read(reader(table), [inbound(ROWS[0], 0), inbound(ROWS[4], 1), inbound(ROWS[5], 2)])
    assert sequences(recorded_events) == [1, 2, 3, 4, 5, 6]


async def test_that_the_log_lacks_are_read_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.lanes.sequenced.FILL_BATCH_EVENTS", 2)
    table = RowsInMemory(ROWS)
    assert sequences(await read(reader(table), [inbound(ROWS[5], 0)])) == [1, 2, 3, 4, 5, 6]
    assert table.asked == 3


async def test_go_on_behind_a_batch_that_cannot_be_read_which_is_counted() -> None:
    counted = Counted(annals_foreign_records_skipped_total={"role": "projection", "topic": TOPIC})
    batch = UnreadableBatch(BATCH_TOO_LARGE, 1, "it unpacks to too much")
    log = [inbound(ROWS[0], 0), foreign(7)._replace(key=None, unreadable=batch), inbound(ROWS[1], 8)]
    recorded_events = await read(reader(RowsInMemory(ROWS)), log)
    assert sequences(recorded_events) == [1, 2]
    assert counted.grown() == {"annals_foreign_records_skipped_total": 1}


@pytest.mark.parametrize(
    "record",
    [
        foreign(1),
        foreign(1, headers=(("ce_sequence", b"2"),)),
        foreign(1, headers=tuple((name, None) for name, _ in inbound(ROWS[1], 0).headers)),  # type: ignore[misc]
        inbound(ROWS[1], 1)._replace(value=b"{}"),
        inbound(ROWS[1], 1)._replace(value=None),
        inbound(ROWS[1]._replace(type="UserExploded"), 1)._replace(is_signed=False),
        inbound(ROWS[1]._replace(data=CREATE_ADA.to_json(), type="CreateUser"), 1)._replace(is_signed=False),
        forged(ROWS[1], 0, 1),
        forged(ROWS[1], -5, 1),
        forged(ROWS[1], LAST + 7, 1),
    ],
    ids=[
        "bare bytes",
        "only a sequence",
        "headers without values",
        "fields missing",
        "no value",
        "unknown type",
        "a command",
        "sequence nought",
        "negative sequence",
        "sequence ahead of the table",
    ],
)
async def test_of_strangers_are_passed_over(record: InboundRecord) -> None:
    rows = ROWS[:3]
    events = reader(RowsInMemory(rows))
    recorded_events = await read(events, [inbound(rows[0], 0), record, inbound(rows[1], 2), inbound(rows[2], 3)])
    assert sequences(recorded_events) == [1, 2, 3]
    assert [recorded.event_id for recorded in recorded_events] == [row.event_id for row in rows]
    assert events.position == 3


def forged_next(row: EventRow, offset: int) -> InboundRecord:
    """An event as a stranger may write it: everything is right but that no command has led to it, and the signature."""
    return forged(row, row.sequence, offset)._replace(value=ADAS_EMAIL_CHANGED.to_json(), is_signed=False)


@dataclass(frozen=True)
class Log:
    """A log that a table could have led to, after all that may happen to it, cut into fetches."""

    table: list[EventRow]
    fetches: list[list[InboundRecord]]
    reached: int


@st.composite
def troubled_logs(draw: st.DrawFn) -> Log:
    """Holes, late repeats, strangers, and records that are not signed, anywhere. The last sequence that is there is
    reached.
    """
    kinds = draw(st.lists(st.integers(0, 3), min_size=1, max_size=25))
    user = [UserCreated(user_id="u", first_name="a", last_name="b", email="a@b.cd", locale="und")]
    later = [UserUpdated(user_id="u", city=f"city {kind}") if kind else UserWelcomed(user_id="u") for kind in kinds]
    table = event_rows(*user, *later)
    written: list[InboundRecord] = []
    reached = 0
    for row in table:
        mutation = draw(st.sampled_from(["there", "there", "hole", "repeat", "stranger", "unsigned", "forged"]))
        if mutation != "hole":
            written.append(inbound(row, len(written)))
            reached = row.sequence
        if mutation == "repeat":
            for repeated in draw(st.lists(st.sampled_from(table[: row.sequence]), max_size=3)):
                written.append(inbound(repeated, len(written)))
                reached = max(reached, repeated.sequence)
        if mutation == "unsigned":
            written[-1] = written[-1]._replace(is_signed=False)
        if mutation == "forged":
            written.insert(-1, forged_next(row, len(written) - 1))
            written[-1] = written[-1]._replace(offset=len(written) - 1)
        if mutation == "stranger":
            written.append(foreign(len(written), draw(st.binary(max_size=10))))
    cuts = draw(st.lists(st.integers(0, len(written)), max_size=4).map(sorted))
    edges = [0, *cuts, len(written)]
    return Log(table, [written[start:end] for start, end in pairwise(edges)], reached)


@given(troubled_logs())
async def test_are_the_tables_whatever_has_happened_to_the_log(log: Log) -> None:
    events = reader(RowsInMemory(log.table))
    recorded_events = [recorded for fetch in log.fetches for recorded in await read(events, fetch)]
    # Beside a record that is not signed, more may be read from the table than the log has by then.
    assert events.position >= log.reached
    assert [(recorded.sequence, recorded.event_id) for recorded in recorded_events] == [
        (row.sequence, row.event_id) for row in log.table[: events.position]
    ]


async def idle_looks(events: SequencedEvents, looks: int) -> list[int]:
    return [recorded.sequence for _ in range(looks) for recorded in await events.unpublished()]


async def test_what_the_log_does_not_bring_is_read_from_the_table_after_a_while() -> None:
    events = reader(RowsInMemory(ROWS))
    await read(events, inbound_all(ROWS[:2]))
    assert await idle_looks(events, IDLE_LOOKS) == [], "perhaps it is on its way"
    assert await idle_looks(events, IDLE_LOOKS) == [3, 4, 5, 6]
    assert await idle_looks(events, 3 * IDLE_LOOKS) == []
    assert await read(events, inbound_all(ROWS)) == [], "when the log brings it after all, these are repeats"


async def test_what_the_log_brings_between_two_comparisons_is_not_read_from_the_table() -> None:
    events = reader(RowsInMemory(ROWS))
    await read(events, inbound_all(ROWS[:2]))
    assert await idle_looks(events, IDLE_LOOKS) == []
    await read(events, inbound_all(ROWS)[2:4])
    assert await idle_looks(events, IDLE_LOOKS) == [], "the log goes on, if slowly"
    await read(events, inbound_all(ROWS)[4:])
    assert await idle_looks(events, 3 * IDLE_LOOKS) == []


async def test_a_long_silence_is_made_up_for_page_by_page_without_further_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.lanes.sequenced.FILL_BATCH_EVENTS", 2)
    events = reader(RowsInMemory(ROWS))
    assert await idle_looks(events, 2 * IDLE_LOOKS) == [1, 2]
    assert await idle_looks(events, 2) == [3, 4, 5, 6]
