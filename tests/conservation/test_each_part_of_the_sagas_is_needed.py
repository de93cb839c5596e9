"""Control runs: with a saga that is broken in any one of these ways, money or stock is lost, or an order is left open,
and the invariants notice.

Each breakage is put in by `breakages.py`. The schedules are always the same ones; that nothing is found with the sagas
as they are, test_money_and_stock_are_conserved says.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st

from tests.conservation.breakages import BREAKAGES, broken
from tests.conservation.invariants import findings
from tests.conservation.plans import Plan, plans, races
from tests.conservation.search import SAGAS
from tests.conservation.world import World
from workers.core.saga import Saga

BUDGET_SCHEDULES = 3000


def has_findings(plan: Plan, sagas: Sequence[Saga[Any]]) -> bool:
    world = World(plan, sagas)
    world.run()
    return bool(findings(world))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_or_a_promise_is_broken(breakage: str) -> None:
    """Within the budget; the first finding is enough. Hypothesis raises NoSuchExample when there is none."""
    sagas = broken(breakage)

    def is_noticed(plan: Plan) -> bool:
        return has_findings(plan, sagas) and not has_findings(plan, SAGAS)

    first = settings(
        max_examples=BUDGET_SCHEDULES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    assert is_noticed(find(st.one_of(plans, races), is_noticed, settings=first))
