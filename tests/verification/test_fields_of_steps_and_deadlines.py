"""Each field of a step and of a deadline is compared with what the journal leads to."""

import pytest

from tests.verification.one_order import PLACED, fulfilled, time
from workers.operations.verification.findings import FindingKind
from workers.ports.sagas import DeadlineRow, StepRow


# By its place, its instance and its command a step is found.
@pytest.mark.parametrize("name", sorted(set(StepRow._fields) - {"position", "saga", "instance_id", "command_id"}))
def test_has_a_step_that_differs(name: str) -> None:
    order = fulfilled()
    step = order.steps[1]
    changed = {"data": step.row.data.replace(b'"o-1"', b'"o-2"'), "handles_rejection": False}.get(name, time(8))
    order.steps[1] = step._replace(row=step.row._replace(**{name: changed}))  # type: ignore[arg-type]  # by name
    (wrong,) = order.wrong()
    where = f"fulfilment o-1 {changed if name == 'step' else 'reserve_stock'}"
    assert (wrong.kind, wrong.where) == (FindingKind.STEP_DIFFERS, where)
    assert wrong.explanation.endswith(f"in {name.replace('_', ' ')}")


@pytest.mark.parametrize("name", sorted(set(DeadlineRow._fields) - {"saga", "instance_id", "name"}))
def test_has_a_deadline_that_differs_in_one_field(name: str) -> None:
    order = fulfilled(PLACED)
    lane, row = order.deadlines["confirmation"]
    order.deadlines["confirmation"] = (lane, row._replace(**{name: time(900)}))
    (wrong,) = order.wrong()
    assert wrong == (FindingKind.DEADLINE_DIFFERS, "fulfilment o-1 confirmation", f"in {name.replace('_', ' ')}")
