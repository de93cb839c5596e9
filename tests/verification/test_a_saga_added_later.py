"""A saga of a later release begins with the events from then on, and verify misses none of the earlier ones."""

import pytest

from tests.system import System
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, verified
from tests.verification.orders import accepted, place_order, placed, settled, stocked
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

OLDER = ("tests.verification.older_release", "saga", "orders", "fulfilment")


async def test_has_no_instance_of_what_was_before_and_verify_passes(idle_system: System) -> None:
    system = idle_system
    await system.worker("command")
    await system.worker("projection")
    older = await system.worker("saga", entry=OLDER)
    await stocked(system, ["ada"], ["tea"])
    before, after = place_order("ada", "tea"), place_order("ada", "tea")
    await placed(system, [before])

    async def first_order_applied() -> bool:
        return bool(await system.value("SELECT count(*) FROM annals.sagas WHERE saga = 'account closing'"))

    await until(first_order_applied, "the older release has applied the first order", seconds=60)
    assert await older.stop() == 0
    newer = await system.worker("saga")
    await system.holding(newer, system.settings.partitions)
    await placed(system, [after])
    await settled(system, [after])

    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), verdict
    assert verdict["looked_at"]["events from before the saga fulfilment followed them"] == 1
    assert verdict["looked_at"]["instances of the saga fulfilment compared with the events"] == 1

    # What it follows once, it is to follow always: the older release acquires a lane again, and an order with it.
    assert await newer.stop() == 0
    older = await system.worker("saga", entry=OLDER)
    await system.holding(older, system.settings.partitions, of=["users", "orders"])
    passed_by = place_order("ada", "tea")
    await placed(system, [passed_by])
    await accepted(system, [passed_by])
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    (where,) = named(verdict, "event not applied by a saga")
    assert f"{passed_by.stream_id}@1" in where
