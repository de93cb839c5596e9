"""A process that stops while its group is rebalanced: no lane has two owners."""

import asyncio

from tests.lanes.process import FIRST, Process
from tests.lanes.test_a_lane_of_this_process import become


async def test_are_not_given_away_while_a_process_that_stops_still_releases_them() -> None:
    """The group may ask it to join again meanwhile; its lanes would have two owners."""
    process = Process()
    work = process.works[FIRST]
    async with process.running():
        await process.subscription.give(FIRST)
        work.going.clear()
        process.subscription.write(FIRST, 1)
        await become(lambda: "handle" in work.journal, "a batch is in hand")
        process.host.stop()
        await become(lambda: not process.host.partitions, "it releases its lane")
        revoked = asyncio.create_task(process.subscription.revoke(FIRST))
        await asyncio.sleep(0.02)
        assert not revoked.done()
        work.going.set()
        await revoked
        assert work.journal[-2:] == ["release", "abandon"]
