"""Entries of one lane stand in a journal in the order of their sequences, unless a stream was released late."""

from collections.abc import Sequence
from datetime import UTC, datetime

from contracts.users.events import UserUpdated
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.wire import DirectWire
from workers.core.recorded import Recorded
from workers.operations.verification.comparisons.journal_order import JournalOrder
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.journal_order import report_late_entries
from workers.ports.interventions import Reason
from workers.ports.sagas import JournalRow

TIME = "2026-01-01T00:00:00.000000Z"


def entry(version: int, partition: int, stream_id: str, sequence: int) -> tuple[JournalRow, Recorded | None]:
    """An entry of a circle's journal, and the event that it names; with the sequence 0 it is an internal event."""
    event_id = f"00000000-0000-5000-8000-{sequence:012d}"
    row = JournalRow(
        *("circle", "circle 1", version, UserUpdated.type, "users", partition, sequence),
        *(event_id, TIME, "counting", None),
    )
    event = UserUpdated(user_id=stream_id, city="Turin")
    recorded = Recorded(event, event_id, stream_id, version, sequence, TIME, "correlation", "ada")
    return row, recorded if sequence else None


def late(*entries: tuple[int, str, int]) -> list[tuple[int, int, bool]]:
    """Of each late entry: its version, the sequence it stands behind, and whether that is a late one of its stream.
    Each of `entries` is a partition, a stream id and a sequence.
    """
    order = JournalOrder()
    late_entries = [order.late_entry(*entry(version, *place)) for version, place in enumerate(entries, 1)]
    return [
        (late_entry.row.version, late_entry.after, late_entry.of_stream) for late_entry in late_entries if late_entry
    ]


def one_lane(*entries: tuple[str, int]) -> Sequence[tuple[int, str, int]]:
    return [(0, *entry) for entry in entries]


def test_is_right_with_rising_sequences_and_gaps_between_them() -> None:
    assert late(*one_lane(("ada", 1), ("bob", 2), ("ada", 7))) == []


def test_is_of_each_lane_alone() -> None:
    assert late((0, "ada", 5), (1, "bob", 2), (0, "ada", 6), (1, "bob", 3)) == []


def test_has_no_place_for_internal_events() -> None:
    assert late(*one_lane(("ada", 5), ("ada", 0), ("ada", 6), ("ada", 0))) == []


def test_is_broken_by_an_earlier_event_of_the_same_stream() -> None:
    assert late(*one_lane(("ada", 5), ("ada", 3), ("ada", 6))) == [(2, 5, False)]


def test_may_be_broken_by_another_stream_whose_events_were_released_late_in_their_own_order() -> None:
    assert late(*one_lane(("ada", 9), ("bob", 3), ("bob", 5), ("bob", 4))) == [
        (2, 9, False),
        (3, 9, False),
        (4, 5, True),
    ]


def test_is_not_what_an_event_breaks_that_stands_there_twice_in_a_row() -> None:
    assert late(*one_lane(("ada", 5), ("ada", 5), ("bob", 6))) == []


async def reported(*actions: str) -> list[str]:
    """The places of the findings about a late entry, after these actions of an operator on its stream."""
    order, rows = JournalOrder(), InterventionRows(lambda: datetime(2026, 5, 4, tzinfo=UTC))
    interventions, verdict = MemoryInterventions(rows, DirectWire()), Verdict()
    for action in actions:
        await interventions.record("ada", action, "saga:circle/bob", Reason("a test"), {"stream_version": 1})
    order.late_entry(*entry(1, 0, "ada", 9))
    late_entry = order.late_entry(*entry(2, 0, "bob", 3))
    assert late_entry is not None
    await report_late_entries(interventions, "circle", [late_entry], verdict)
    return [finding.where for finding in verdict.examples if finding.what == FindingKind.JOURNAL_DIFFERS]


async def test_is_right_if_an_operator_had_the_late_stream_retried_or_its_event_skipped() -> None:
    assert await reported("parked-retry") == []
    assert await reported("parked-skip") == []


async def test_is_named_if_no_operator_had_it_retried() -> None:
    assert await reported() == ["circle circle 1@2"]
    assert await reported("dlq-retry") == ["circle circle 1@2"]
