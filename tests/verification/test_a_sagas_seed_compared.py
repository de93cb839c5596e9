"""A saga instance compared with its journal: the ids of its steps follow from its seed."""

import pytest

from tests.verification.one_order import FULFILLED, Order, fulfilled
from tests.verification.test_a_saga_compared import differences
from workers.operations.verification.comparisons.saga_journal import Seed


@pytest.mark.parametrize("until_version", [None, 2], ids=["all", "some"])
def test_whose_ids_follow_from_a_seed_is_right(until_version: int | None) -> None:
    """`some`: a worker of the release before the seeds has gone on with it after its second event."""
    order = Order(seed=Seed("11111111-1111-4111-8111-111111111111", until_version))
    order.applies(*FULFILLED)
    assert differences(order) == []
    ids = {step.row.step: step.row.command_id for step in order.steps}
    public = {step.row.step: step.row.command_id for step in fulfilled().steps}
    same = {name for name in ids if ids[name] == public[name]}
    assert same == (set() if until_version is None else {"confirm", "capture_funds"})
