"""The comparison of a lane, without servers: every way in which a log can differ from its table has a name."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from contracts.unreadable_batch import BATCH_TOO_LARGE, UnreadableBatch
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import TOPIC, event_rows, inbound
from workers.operations.verification.comparisons.log_lane import PARTS, LaneComparison
from workers.operations.verification.findings import LogGap, Verdict
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord

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


def test_that_is_the_table_passes() -> None:
    verdict = compared(log_of(*ROWS))
    assert verdict.passes
    assert verdict.looked_at["events compared with the log"] == len(ROWS)


def test_with_a_late_repeat_passes_and_counts_it() -> None:
    verdict = compared(log_of(*ROWS, ROWS[1]))
    assert verdict.passes
    assert verdict.looked_at["late repeats in the log"] == 1


def test_lacks_an_event_in_the_middle_or_a_stretch_at_the_end() -> None:
    assert compared(log_of(ROWS[0], *ROWS[2:])).counts == {"event missing in the log": 1}
    verdict = compared(log_of(*ROWS[:3]))
    assert verdict.counts == {"event missing in the log": 2}
    assert verdict.examples[0].where == "users 0/4-5"
    assert verdict.targets == [LogGap("users", 0, 4, 5)]
    assert compared([]).examples[0].where == "users 0/1-5"


def test_with_a_hole_whose_events_come_later_passes_and_counts_them() -> None:
    verdict = compared(log_of(ROWS[0], ROWS[3], ROWS[4], ROWS[1], ROWS[2]))
    assert verdict.passes
    assert verdict.looked_at["repeats out of order in the log"] == 2
    assert verdict.looked_at["events compared with the log"] == len(ROWS)


def test_with_a_hole_that_is_filled_in_part_lacks_the_rest() -> None:
    verdict = compared(log_of(ROWS[0], ROWS[4], ROWS[2]))
    assert [finding.where for finding in verdict.examples] == ["users 0/2", "users 0/4"]


def test_with_a_hole_filled_by_another_event_lacks_the_right_one() -> None:
    stranger = ROWS[1]._replace(event_id="00000000-0000-5000-8000-00000000f00d")
    verdict = compared(log_of(ROWS[0], *ROWS[2:], stranger))
    assert verdict.counts == {"event missing in the log": 1, "event differs": 1}


def test_with_a_late_repeat_of_other_values_differs() -> None:
    verdict = compared(log_of(*ROWS, ROWS[1]._replace(data=b"{}")))
    assert verdict.counts == {"event differs": 1}
    assert verdict.targets == [], "neither of the two is known to be right"


def test_has_a_record_that_is_no_event_and_is_compared_beside_it() -> None:
    foreign = log_of(ROWS[0])[0]._replace(headers=[("x-probe", b"1")])
    verdict = compared([foreign, *log_of(*ROWS)])
    assert verdict.counts == {"foreign record in the log": 1}
    assert verdict.looked_at["events compared with the log"] == len(ROWS)


def test_with_a_batch_that_cannot_be_read_says_which() -> None:
    batch = UnreadableBatch(BATCH_TOO_LARGE, 0, "the batch at the offsets 0 to 7 unpacks to too much")
    unreadable = InboundRecord(TOPIC, 0, 7, None, b"packed", (), 0, unreadable=batch)
    verdict = compared([unreadable, *log_of(*ROWS)])
    assert verdict.counts == {"foreign record in the log": 1}
    assert [finding.explanation for finding in verdict.examples] == [batch.explanation]


def test_returns_the_highest_sequence_that_it_has_seen_also_behind_its_end() -> None:
    comparison = LaneComparison("users", 0, 3, Verdict())
    assert comparison.highest == 0
    wanted = comparison.read(log_of(ROWS[4], ROWS[0]))
    assert ([envelope.sequence for _, envelope in wanted], comparison.highest) == ([1], 5)


def test_has_an_event_that_the_table_lacks() -> None:
    assert compared(log_of(*ROWS), ROWS[:4]).counts == {"event missing in the table": 1}


OTHERS: dict[str, Any] = {
    "context": "orders",
    "event_id": "00000000-0000-5000-8000-00000000f00d",
    "stream_version": 9,
    "stream_id": "bob",
    "type": "UserUpdated",
    "schema_version": 9,
    "correlation_id": "another",
    "causation_id": "another",
    "actor": "mallory",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "recorded_at": ROWS[1].recorded_at + timedelta(microseconds=1),
    "data": b"{}",
}
"""Another value for every column of an event that its record holds."""

PARTS_OF: dict[str, set[str]] = {
    "context": {"type", "source"},
    "event_id": {"id"},
    "stream_id": {"key", "stream"},
    "stream_version": {"stream version"},
    "schema_version": {"type"},
    "correlation_id": {"correlation id"},
    "causation_id": {"causation id"},
    "recorded_at": {"time"},
}
"""The name of a column in a finding, where it differs from the column's own."""


def parts(explanation: str) -> set[str]:
    """The parts that a finding names."""
    columns, _, _ = explanation.rpartition(", at ")
    return {column.partition(" is ")[0] for column in columns.split("; ")}


def test_every_column_of_an_event_is_listed_as_compared_or_as_one_that_cannot_be() -> None:
    # The command is where the event's id comes from, the place is how the two are found for one another.
    assert set(EventRow._fields) - set(OTHERS) == {"command_id", "partition", "sequence"}


@pytest.mark.parametrize("field", OTHERS)
def test_differs_in_one_field(field: str) -> None:
    row = ROWS[1]._replace(**{field: OTHERS[field]})
    for log, table in ((ROWS[1], row), (row, ROWS[1])):
        verdict = compared(log_of(ROWS[0], log, *ROWS[2:]), [ROWS[0], table, *ROWS[2:]])
        assert verdict.counts == {"event differs": 1}
        (finding,) = verdict.examples
        assert finding.where == "users 0/2"
        assert parts(finding.explanation) == PARTS_OF.get(field, {field})
        assert finding.explanation.endswith(", at users.events/0 offset 1")


MOVED = b'{"user_id":"ada","city":"Turin","nested":{"list":[1,{"on":true}]}}'
OTHER_VALUES = [
    MOVED.replace(b"Turin", b"Milan"),
    MOVED.replace(b'"city"', b'"town"'),
    MOVED.replace(b'"Turin"', b"null"),
    MOVED.replace(b"[1,", b"[2,"),
    MOVED.replace(b"[1,", b"[true,"),
    MOVED.replace(b"[1,", b"[1,1,"),
    MOVED.replace(b"true", b"1"),
    MOVED.replace(b"{", b'{"more":0,', 1),
    MOVED[:-1],
    b"[]",
    b"null",
    b"",
    None,
]


@pytest.mark.parametrize("value", OTHER_VALUES, ids=str)
def test_differs_in_what_an_event_holds_at_any_depth(value: bytes | None) -> None:
    rows = [ROWS[0], ROWS[1]._replace(data=MOVED), *ROWS[2:]]
    log = log_of(*rows)
    log[1] = log[1]._replace(value=value)
    verdict = compared(log, rows)
    assert verdict.counts == {"event differs": 1}
    assert parts(verdict.examples[0].explanation) == {"data"}
    assert "Milan" not in verdict.examples[0].explanation


def test_passes_when_the_same_json_is_written_in_another_way() -> None:
    """As the table keeps it: fields in another order, numbers in another form."""
    rows = [ROWS[0]._replace(data=b'{"b": 1e2, "a": [1.0, true, null]}'), *ROWS[1:]]
    log = log_of(*rows)
    log[0] = log[0]._replace(value=b'{"a":[1,true,null],"b":100}')
    assert compared(log, rows).passes


def test_passes_however_deep_the_json_is() -> None:
    deep = b'{"a":[' * 400 + b"]}" * 400
    rows = [ROWS[0]._replace(data=deep), *ROWS[1:]]
    assert compared(log_of(*rows), rows).passes


FULL = [row._replace(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") for row in ROWS]


def test_each_header_of_a_record_is_named() -> None:
    assert {name for name, _ in log_of(*FULL)[0].headers} == set(PARTS)


@pytest.mark.parametrize("name", sorted(set(PARTS) - {"ce_sequence"}))
def test_differs_in_a_header_that_is_changed_or_comes_twice(name: str) -> None:
    record = log_of(*FULL)[1]
    value = b"9" if name == "ce_streamversion" else b"another"
    changed = [(header, value if header == name else old_value) for header, old_value in record.headers]
    for headers in (changed, [*record.headers, (name, value)], [(name, value), *record.headers]):
        log = log_of(*FULL)
        log[1] = record._replace(headers=headers)
        verdict = compared(log, FULL)
        assert verdict.counts == {"event differs": 1}
        assert parts(verdict.examples[0].explanation) == {PARTS[name]}


def test_differs_in_a_header_that_only_one_of_the_two_has() -> None:
    log = log_of(*FULL)
    log[1] = log[1]._replace(headers=[header for header in log[1].headers if header[0] != "traceparent"])
    verdict = compared(log, FULL)
    assert verdict.examples[0].explanation.startswith("traceparent is absent in the log, '00-0af")


def test_a_header_that_was_added_is_no_difference() -> None:
    log = log_of(*FULL)
    log[1] = log[1]._replace(headers=[("x-probe", b"1"), *log[1].headers])
    assert compared(log, FULL).passes
