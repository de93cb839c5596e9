"""The report of a soak names each fault found, and its tables have every figure."""

from typing import Any

import pytest

from infra.measuring.soak.audit import Audit
from infra.measuring.soak.fault_plan import Kind
from infra.measuring.soak.load import Tally
from infra.measuring.soak.probe import Recovery
from infra.measuring.soak.report import Conditions, InjectedFault, Report, Spread
from infra.measuring.soak.sampling import Slopes
from infra.measuring.soak.tables import markdown
from infra.measuring.soak.worker_pool import ROLES, UnexpectedExit

AUDIT = Audit(1000, 900, 100, 0, 0, 0, 0, True, [])
FAULTS = [
    InjectedFault(Kind.KAFKA, 10.0, Recovery(1.0, 4.0, 2.0)),
    InjectedFault(Kind.KAFKA, 20.0, Recovery(3.0, 5.0, 9.0)),
    InjectedFault(Kind.KAFKA, 30.0, Recovery(2.0, 2.5, 2.5)),
    InjectedFault(Kind.FLUSH, 40.0, Recovery(0.5, 7.5, 0.5)),
]
GOOD = Report(
    conditions=Conditions("a machine", 7, 200.0, 2, 6, 10.0, 50.0, False),
    tally=Tally(),
    faults=FAULTS,
    counters={"lanes taken over": 11},
    slopes={role: Slopes(1, 12.5, -0.25, 92_160.0) for role in ROLES},
    unexpected_exits=[],
    audit=AUDIT,
    looked_at={"events compared with the log": 1234},
    finding_counts={},
    findings=[],
    aborted_by=None,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audit": AUDIT._replace(lost=3)}, "3 commands lost"),
        ({"audit": AUDIT._replace(repeated=2)}, "2 repeated"),
        ({"audit": AUDIT._replace(failed=1)}, "1 commands failed"),
        ({"audit": AUDIT._replace(dead_letters=4)}, "4 dead letters"),
        ({"audit": AUDIT._replace(at_rest=False)}, "did not come to rest"),
        ({"faults": [*FAULTS, InjectedFault(Kind.REDIS, 50.0, None)]}, "1 faults not recovered from"),
        ({"unexpected_exits": [UnexpectedExit("saga-1", 1, "log")]}, "1 workers ended"),
        ({"finding_counts": {"event differs": 5}}, "5 findings"),
        ({"aborted_by": "postgres did not start"}, "postgres did not start"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_what_is_wrong(change: dict[str, Any], message: str) -> None:
    report = GOOD._replace(**change)
    assert len(report.wrong) == 1
    assert message in report.wrong[0]
    assert not report.plain()["passes"]


def test_passes_when_nothing_is() -> None:
    assert GOOD.wrong == []
    assert GOOD.plain()["passes"]


def test_a_recovery_takes_as_long_as_the_last_of_the_three_roles() -> None:
    kafka, flush = GOOD.figures()
    assert (kafka.injected, kafka.not_recovered) == (3, 0)
    assert kafka.recovered == Spread(median=4.0, highest=9.0)
    assert kafka.accepted == Spread(median=2.0, highest=3.0)
    assert kafka.readable == Spread(median=4.0, highest=5.0)
    assert flush.recovered == Spread(median=7.5, highest=7.5)


def test_the_tables_are_markdown_with_every_figure() -> None:
    text = markdown(GOOD)
    assert "| kill -9: Kafka | 3 | 4.0 / 9.0 | 2.0 / 3.0 | 4.0 / 5.0 | 2.5 / 9.0 | 0 |" in text
    assert "| accepted | 900 |" in text
    assert "| lost | 0 |" in text
    assert "| workers: lanes taken over | 11 |" in text
    assert "| command | 1 | +12.5 | -0.250 | 90 |" in text
    assert "seed 7" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(row.endswith("|") for row in rows)
