"""Control runs: without any one of its guards Annals breaks a promise, and the simulation notices.

Each guard is turned off by what `guards.py` puts in its place. With the seeds from 1 on, which schedule noticed first,
and by what:

TABLE
"""

import pytest

from tests.simulation.guards import GUARDS
from tests.simulation.many import simulated

BUDGET_SCHEDULES = 300


@pytest.mark.timeout(0)
@pytest.mark.parametrize("guard", GUARDS)
def test_without_it_a_promise_is_broken(guard: str) -> None:
    """Within the budget; the first failure is enough."""
    failures: list[tuple[int, str]] = []
    for done in simulated(1, BUDGET_SCHEDULES, guard):
        failures += done.failures
        if failures:
            break
    assert failures, f"nobody notices in {BUDGET_SCHEDULES} schedules that this is missing: {guard}"


@pytest.mark.timeout(0)
def test_with_all_of_them_none_is() -> None:
    """The same seeds."""
    for done in simulated(1, 60):
        assert not done.failures
