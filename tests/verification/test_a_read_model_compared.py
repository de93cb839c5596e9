"""The comparison of read models, without servers."""

from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import event_rows
from workers.verification.read_model import version_gaps, wrong_documents

ROWS = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN)


def test_versions_that_follow_one_another_have_no_gap() -> None:
    assert version_gaps(ROWS) == []


def test_a_missing_and_a_repeated_version_are_named() -> None:
    assert version_gaps([ROWS[0], ROWS[2]]) == [f"users {ROWS[2].stream_id}@3"]
    assert version_gaps([ROWS[0], ROWS[0]]) == [f"users {ROWS[0].stream_id}@1"]


def test_missing_left_over_and_other_documents_are_wrong() -> None:
    expected = {"same": {"city": "Turin"}, "other": {"city": "Turin"}, "missing": {"city": "Turin"}}
    stored = {"same": {"city": "Turin"}, "other": {"city": "Rome"}, "left over": {"city": "Turin"}}
    looked_at = ["same", "other", "missing", "left over", "deleted"]
    assert wrong_documents(looked_at, expected, stored) == ["other", "missing", "left over"]
