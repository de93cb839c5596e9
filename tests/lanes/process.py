"""A process of lanes on fakes, and two lanes that it may be given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.lanes.test_a_lane_of_this_process import become
from tests.lanes.work import SubscriptionInMemory, WorkOnScript
from workers.lanes.host import LaneHost
from workers.ports.log import Partition

FIRST, SECOND = Partition("users.commands", 0), Partition("users.commands", 1)


class Process:
    """A host on fakes."""

    def __init__(self, follower: str = "") -> None:
        self.works = {FIRST: WorkOnScript(), SECOND: WorkOnScript()}
        self.subscription = SubscriptionInMemory()
        self.host = LaneHost("command", self.subscription, self.works.__getitem__, follower=follower)
        self.journals_at_stop: list[list[str]] = []
        self.subscription.on_stop = lambda: self.journals_at_stop.extend(
            [*work.journal] for work in self.works.values() if work.journal
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.host.run())
        try:
            await become(self.subscription.started.is_set, "it has joined the group")
            yield task
        finally:
            for work in self.works.values():
                work.going.set()
            self.host.stop()
            async with asyncio.timeout(5.0):
                await asyncio.wait({task})
