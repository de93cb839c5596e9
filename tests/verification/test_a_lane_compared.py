"""The comparison of a lane, without servers: every way in which a log can differ from its table has a name."""

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows, inbound
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.verification.findings import Verdict
from workers.verification.lane import LaneComparison

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN)


def compared(records: Sequence[InboundRecord], rows: Sequence[EventRow]) -> Verdict:
    verdict = Verdict()
    comparison = LaneComparison("users", 0, len(ROWS), verdict)
    comparison.compare(comparison.following(records), {row.sequence: row for row in rows})
    comparison.end()
    return verdict


def log_of(*rows: EventRow) -> list[InboundRecord]:
    return [inbound(row, offset) for offset, row in enumerate(rows)]


def test_that_is_the_table_is_content() -> None:
    assert compared(log_of(*ROWS), ROWS).content


def test_with_a_late_repeat_is_content_and_counts_it() -> None:
    verdict = compared(log_of(*ROWS, ROWS[1]), ROWS)
    assert verdict.content
    assert verdict.looked_at["late repeats in the log"] == 1


def test_lacks_an_event_in_the_middle_or_at_the_end() -> None:
    assert compared(log_of(ROWS[0], ROWS[2]), ROWS).counts == {"event missing in the log": 1}
    assert compared(log_of(ROWS[0]), ROWS).counts == {"event missing in the log": 2}
    assert compared([], ROWS).examples[0].where == "users 0/1"


def test_has_an_event_that_the_table_lacks() -> None:
    assert compared(log_of(*ROWS), ROWS[:2]).counts == {"event missing in the table": 1}


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
    verdict = compared(log_of(*ROWS), [ROWS[0], ROWS[1]._replace(**{field: value}), ROWS[2]])
    assert verdict.counts == {"event differs": 1}
    assert verdict.examples[0].where == "users 0/2"
