"""A verdict counts everything that was found, keeps the first few of each kind, and knows what can be repaired."""

import pytest

from workers.operations.verification import findings
from workers.operations.verification.advice import advice_on
from workers.operations.verification.findings import Finding, FindingKind, LeftOverCredential, Verdict


def test_passes_until_something_is_found() -> None:
    verdict = Verdict()
    verdict.compared("events", 3)
    verdict.compared("events")
    verdict.compared("letters", 0)
    assert (verdict.passes, verdict.looked_at) == (True, {"events": 4})
    verdict.report(FindingKind.EVENT_DIFFERS, "users 0/3", "in its type")
    assert (verdict.passes, verdict.targets) == (False, [])
    assert verdict.examples == [Finding("event differs", "users 0/3", "in its type")]


def test_counts_what_a_finding_represents() -> None:
    verdict = Verdict()
    verdict.report(FindingKind.MISSING_IN_LOG, "here", "", count=5)
    verdict.report(FindingKind.MISSING_IN_LOG, "there", "")
    assert verdict.counts == {"event missing in the log": 6}


def test_keeps_the_first_few_of_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MAX_EXAMPLES", 2)
    monkeypatch.setattr(findings, "MAX_TARGETS", 3)
    verdict = Verdict()
    for number in range(4):
        target = LeftOverCredential("users", f"user-{number}")
        verdict.report(FindingKind.CREDENTIAL_LEFT_OVER, f"{number}", "", count=10, target=target)
    verdict.report(FindingKind.PARKED, "another kind", "")
    assert [example.where for example in verdict.examples] == ["0", "1", "another kind"]
    assert [target.stream_id for target in verdict.targets if isinstance(target, LeftOverCredential)] == [
        "user-0",
        "user-1",
        "user-2",
    ]
    assert verdict.counts == {"credential left over": 40, "parked stream": 1}


def test_comes_with_advice_for_what_no_repair_fixes() -> None:
    advice = advice_on([FindingKind.PARKED, FindingKind.CREDENTIAL_LEFT_OVER, FindingKind.EVENT_DIFFERS])
    assert [kind for kind, _ in advice] == [FindingKind.PARKED, FindingKind.EVENT_DIFFERS]
    assert "annals parked retry" in dict(advice)[FindingKind.PARKED]
