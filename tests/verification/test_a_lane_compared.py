"""The comparison of a lane, without servers: every way in which a log can differ from its table has a name."""

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows, inbound
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.verification.findings import LogGap, Verdict
from workers.verification.lane import LaneComparison

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN, ADA_WELCOMED, ADA_MOVED_TO_TURIN)


def compared(records: Sequence[InboundRecord], rows: Sequence[EventRow] = ROWS) -> Verdict:
    """The records come two at a time, as a log comes in chunks."""
    verdict = Verdict()
    comparison = LaneComparison("users", 0, len(ROWS), verdict)
    for start in range(0, len(records), 2):
        comparison.compare(comparison.read(records[start : start + 2]), {row.sequence: row for row in rows})
    comparison.end()
    return verdict


def log_of(*rows: EventRow) -> list[InboundRecord]:
    return [inbound(row, offset) for offset, row in enumerate(rows)]


def test_that_is_the_table_is_content() -> None:
    verdict = compared(log_of(*ROWS))
    assert verdict.content
    assert verdict.looked_at["events compared with the log"] == len(ROWS)


def test_with_a_late_repeat_is_content_and_counts_it() -> None:
    verdict = compared(log_of(*ROWS, ROWS[1]))
    assert verdict.content
    assert verdict.looked_at["late repeats in the log"] == 1


def test_lacks_an_event_in_the_middle_or_a_stretch_at_the_end() -> None:
    assert compared(log_of(ROWS[0], *ROWS[2:])).counts == {"event missing in the log": 1}
    verdict = compared(log_of(*ROWS[:3]))
    assert verdict.counts == {"event missing in the log": 2}
    assert verdict.examples[0].where == "users 0/4-5"
    assert verdict.targets == [LogGap("users", 0, 4, 5)]
    assert compared([]).examples[0].where == "users 0/1-5"


def test_with_a_hole_whose_events_stand_later_is_content_and_counts_them() -> None:
    verdict = compared(log_of(ROWS[0], ROWS[3], ROWS[4], ROWS[1], ROWS[2]))
    assert verdict.content
    assert verdict.looked_at["repeats out of order in the log"] == 2
    assert verdict.looked_at["events compared with the log"] == len(ROWS)


def test_with_a_hole_that_is_filled_in_part_lacks_the_rest() -> None:
    verdict = compared(log_of(ROWS[0], ROWS[4], ROWS[2]))
    assert [finding.where for finding in verdict.examples] == ["users 0/2", "users 0/4"]


def test_with_a_hole_filled_by_another_event_lacks_the_right_one() -> None:
    stranger = ROWS[1]._replace(event_id="00000000-0000-5000-8000-00000000f00d")
    verdict = compared(log_of(ROWS[0], *ROWS[2:], stranger))
    assert verdict.counts == {"event missing in the log": 1, "event differs": 1}


def test_with_a_late_repeat_that_says_something_else_differs() -> None:
    verdict = compared(log_of(*ROWS, ROWS[1]._replace(data=b"{}")))
    assert verdict.counts == {"event differs": 1}
    assert verdict.targets == [], "nobody can know which of the two is right"


def test_has_an_event_that_the_table_lacks() -> None:
    assert compared(log_of(*ROWS), ROWS[:4]).counts == {"event missing in the table": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", "00000000-0000-5000-8000-00000000f00d"),
        ("stream_version", 9),
        ("stream_id", "bob"),
        ("correlation_id", "another"),
        ("actor", "mallory"),
        ("data", b"{}"),
    ],
)
def test_differs_in_one_field(field: str, value: Any) -> None:
    verdict = compared(log_of(*ROWS), [ROWS[0], ROWS[1]._replace(**{field: value}), *ROWS[2:]])
    assert verdict.counts == {"event differs": 1}
    assert verdict.examples[0].where == "users 0/2"
