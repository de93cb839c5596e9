"""The comparison of read models, without servers."""

from dataclasses import replace

from contracts.catalogue import stored_events
from contracts.users.events import UserWelcomed
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from workers.core.projection import Document
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.operations.verification.comparisons.read_model import DocumentFold, difference
from workers.operations.verification.comparisons.stream_versions import StreamVersions
from workers.operations.verification.findings import FindingKind
from workers.parking import parked_by
from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN)
ADA = ROWS[0].stream_id
CARD = next(projection for projection in contexts()["users"].projections if projection.name == "users")


def folded(reached: int, parked: dict[str, ParkedStream] | None = None) -> Document | None:
    fold = DocumentFold(CARD, stored_events(), {0: reached}, parked or {})
    for row in ROWS:
        fold.apply(row)
    return fold.documents.get(ADA)


def gaps(*rows: EventRow) -> list[str]:
    versions = StreamVersions()
    for row in rows:
        versions.apply(row)
    return versions.gaps


def test_versions_that_follow_one_another_have_no_gap() -> None:
    assert gaps(*ROWS) == []


def test_a_missing_and_a_repeated_version_are_named() -> None:
    assert gaps(ROWS[0], ROWS[2]) == [f"users {ADA}@3"]
    assert gaps(ROWS[0], ROWS[0]) == [f"users {ADA}@1"]


def test_the_fold_goes_as_far_as_the_lane_has_come() -> None:
    assert folded(0) is None
    before, after = folded(2), folded(3)
    assert before is not None
    assert after is not None
    assert (before["version"], after["version"], after["city"]) == (2, 3, "Turin")


def test_the_fold_goes_as_far_as_its_own_lane_has_come() -> None:
    for reached, documents in (({0: 0, 1: 3}, {ADA}), ({0: 3, 1: 0}, set()), ({0: 3}, set())):
        fold = DocumentFold(CARD, stored_events(), reached, {})
        for row in ROWS:
            fold.apply(row._replace(partition=1))
        assert set(fold.documents) == documents


def test_the_fold_does_not_go_into_what_is_parked() -> None:
    recorded = Recorded(ADA_WELCOMED, "id", ADA, 2, 2, "2026-01-01T00:00:02Z", "correlation")
    document = folded(3, {ADA: parked_by("users", recorded, ValueError())})
    assert document is not None
    assert document["version"] == 1


def test_an_event_that_the_code_cannot_apply_is_noted_and_passed_over() -> None:
    def evolve(document: Document | None, recorded: Recorded) -> Document | None:
        if isinstance(recorded.event, UserWelcomed):
            raise ZeroDivisionError("ada@example.org")
        return CARD.evolve(document, recorded)

    fold = DocumentFold(replace(CARD, evolve=evolve), stored_events(), {0: 3}, {})
    for row in ROWS:
        fold.apply(row)
    assert fold.documents[ADA]["city"] == "Turin"
    assert fold.raised[ADA].stream_version == 2
    assert fold.raised[ADA].explanation.startswith("ZeroDivisionError in evolve")
    assert "ada@example.org" not in fold.raised[ADA].explanation


def test_missing_left_over_and_different_documents_are_distinguished_without_their_values() -> None:
    same, other = {"city": "Turin", "name": "Ada"}, {"city": "Rome", "name": "Ada", "age": 3}
    assert difference(same, dict(same)) is None
    assert difference(None, None) is None
    missing, left_over, different = difference(same, None), difference(None, same), difference(same, other)
    assert missing is not None
    assert left_over is not None
    assert different is not None
    assert (missing.kind, left_over.kind) == (FindingKind.DOCUMENT_MISSING, FindingKind.DOCUMENT_LEFT_OVER)
    assert different == (FindingKind.DOCUMENT_DIFFERS, "in age, city")


def test_a_document_with_a_number_for_a_truth_is_different() -> None:
    assert difference({"lines": [{"paid": True}]}, {"lines": [{"paid": 1}]}) == (
        FindingKind.DOCUMENT_DIFFERS,
        "in lines",
    )
