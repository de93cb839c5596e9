"""Where a log differs from its table is said so that it can be looked up: the record's offset, and what is wrong."""

from contracts.catalogue import stored_events
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows, inbound, inbound_all
from workers.domain import contexts
from workers.operations.verification.comparisons.log_lane import LaneComparison
from workers.operations.verification.comparisons.read_model import DocumentFold, difference, entries_as_stored
from workers.operations.verification.findings import Finding, FindingKind, Verdict
from workers.ports.log import InboundRecord

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN)
ADA = ADA_CREATED.stream_id
CARD = next(projection for projection in contexts()["users"].projections if projection.name == "users")


def compared(records: list[InboundRecord], until: int = len(ROWS)) -> Verdict:
    verdict = Verdict()
    comparison = LaneComparison("users", 0, until, verdict)
    comparison.compare(comparison.read(records), {row.sequence: row for row in ROWS})
    comparison.end()
    return verdict


def test_a_record_without_our_headers_is_foreign_at_its_offset() -> None:
    strange = inbound(ROWS[0], 3)._replace(headers=[])
    (finding,) = compared([*inbound_all(ROWS), strange]).examples
    assert (finding.what, finding.where) == (FindingKind.FOREIGN_RECORD, "users.events/0 offset 3")
    assert "ce_" in finding.explanation


def test_an_event_that_the_table_lacks_is_named_by_its_sequence_and_offset() -> None:
    unknown = inbound(ROWS[2]._replace(sequence=4), 3)
    verdict = compared([*inbound_all(ROWS), unknown], until=4)
    assert verdict.examples == [Finding(FindingKind.MISSING_IN_TABLE, "users 0/4", "users.events/0 offset 3")]


def test_a_hole_is_shown_by_the_record_behind_it() -> None:
    verdict = compared([inbound(ROWS[0], 0), inbound(ROWS[2], 1)])
    assert verdict.examples == [Finding(FindingKind.MISSING_IN_LOG, "users 0/2", "before users.events/0 offset 1")]
    verdict = compared([inbound(ROWS[0], 0)])
    assert verdict.examples == [Finding(FindingKind.MISSING_IN_LOG, "users 0/2-3", "at the end of the log")]


def test_what_differs_is_named_with_both_sides_but_not_what_the_event_holds() -> None:
    another = ROWS[1]._replace(type="UserDeleted", actor="mallory", data=b'{"user_id": "secret"}')
    (finding,) = compared([inbound(ROWS[0], 0), inbound(another, 1), inbound(ROWS[2], 2)]).examples
    assert (finding.what, finding.where) == (FindingKind.EVENT_DIFFERS, "users 0/2")
    assert finding.explanation == (
        "type is 'users.UserDeleted.v1' in the log, 'users.UserWelcomed.v1' in the table; "
        "actor is 'mallory' in the log, 'tester' in the table; data, at users.events/0 offset 1"
    )


def test_the_last_record_once_more_is_a_late_repeat() -> None:
    verdict = compared([*inbound_all(ROWS), inbound(ROWS[2], 3)])
    assert verdict.looked_at == {"events compared with the log": 3, "late repeats in the log": 1}


def test_nothing_is_reported_of_what_came_while_we_looked() -> None:
    verdict = Verdict()
    comparison = LaneComparison("users", 0, 2, verdict)
    records = inbound_all(ROWS)
    comparison.compare(comparison.read(records[:1]), {1: ROWS[0]})
    assert (comparison.done, comparison.position, comparison.highest) == (False, 1, 1)
    comparison.compare(comparison.read(records[1:]), {2: ROWS[1]})
    assert (comparison.done, comparison.position, comparison.highest) == (True, 2, 3)
    comparison.end()
    assert verdict.looked_at == {"events compared with the log": 2}


def test_a_document_is_not_folded_past_an_event_of_no_known_type() -> None:
    fold = DocumentFold(CARD, stored_events(), {0: 3}, {})
    for row in (ROWS[0], ROWS[1]._replace(schema_version=99), ROWS[2]._replace(schema_version=98)):
        fold.apply(row)
    assert fold.raised[ADA].stream_version == 2
    assert "users.UserWelcomed.v99" in fold.raised[ADA].explanation
    assert fold.documents[ADA]["version"] == 1
    assert fold.partitions == {ADA: 0}


def test_versions_that_are_not_asked_for_are_passed_over() -> None:
    fold = DocumentFold(CARD, stored_events(), {0: 3}, {}, {ADA: frozenset({2})})
    for row in ROWS:
        fold.apply(row)
    assert fold.documents[ADA]["welcomed_at"] is None
    assert fold.documents[ADA]["city"] == "Turin"


def test_a_document_that_is_missing_or_left_over_is_reported_as_such() -> None:
    assert difference({"a": 1}, None) == (FindingKind.DOCUMENT_MISSING, "its stream leads to one")
    assert difference(None, {"a": 1}) == (FindingKind.DOCUMENT_LEFT_OVER, "its stream leads to none")


def test_a_document_that_is_spoilt_past_asking_has_no_entries() -> None:
    assert entries_as_stored(CARD, {"city": 7}) == frozenset()
    assert entries_as_stored(CARD, None) == frozenset()
    card = {"email": "Ada@example.org", "city": "Turin"}
    assert {entry.name for entry in entries_as_stored(CARD, card)} == {"all", "email", "city"}
