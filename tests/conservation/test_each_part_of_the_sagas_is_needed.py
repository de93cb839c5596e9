"""Control runs: with a saga that is broken in any one of these ways, money or stock is lost, or an order is left open,
and the invariants notice.

Each breakage is put in by `breakages.py`. The schedules are always the same ones; that nothing is found with the sagas
as they are, test_money_and_stock_are_conserved says.
"""

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from tests.conservation.breakages import BREAKAGES, broken
from tests.conservation.invariants import findings
from tests.conservation.plans import Plan, plans
from tests.conservation.world import World

BUDGET_SCHEDULES = 3000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_or_a_promise_is_broken(breakage: str) -> None:
    """Within the budget; the first finding is enough. Hypothesis raises NoSuchExample when there is none."""
    sagas = broken(breakage)

    def is_noticed(plan: Plan) -> bool:
        world = World(plan, sagas)
        world.run()
        return bool(findings(world))

    first = settings(
        max_examples=BUDGET_SCHEDULES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    assert is_noticed(find(plans, is_noticed, settings=first))
