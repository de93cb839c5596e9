"""One worker of each role, and an open shop: what bursts and steady rates of orders have in common."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import psutil

from contracts.message import Command, Event
from contracts.orders.events import OrderPlaced
from infra.measuring.bench.commands import PROJECTED_METRIC
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.load import put_on_topic
from infra.measuring.bench.orders.shop import EVENTS_AN_ORDER, Shop
from infra.measuring.bench.processes import Worker, worker
from infra.measuring.bench.progress import Stalled, quiet, reached
from infra.postgres.measuring import RequestTimes

ROLES = ("command", "saga", "projection")
WARM_UP_ORDERS = 50


class OpenShop(NamedTuple):
    """A shop whose users have money and whose SKUs have stock, with a worker of each role."""

    installation: Installation
    shop: Shop
    workers: dict[str, Worker]

    @property
    def processes(self) -> dict[str, psutil.Process]:
        """The workers by their role."""
        return {role: worker.process for role, worker in self.workers.items()}

    async def events(self) -> int:
        """How many events there are."""
        return await self.installation.measurements.events_assigned()

    async def handled(self, commands: Iterable[Command], events: int) -> None:
        """Put commands on the topics and wait until they have led to so many events. Raises Stalled."""
        wanted = await self.events() + events
        await put_on_topic(self.installation.settings, commands)
        await reached("an order", self.events, wanted)

    async def caught_up(self) -> None:
        """Wait until sagas and projections have nothing to do any more."""

        async def applied() -> float:
            projected = await self.workers["projection"].counted(PROJECTED_METRIC)
            return projected + await self.installation.measurements.events_applied_by_sagas()

        await quiet(applied)

    async def times_until(self, end: type[Event], since: datetime, count: int) -> RequestTimes:
        """How long the orders placed after `since` took until this event. Raises Stalled when one never had it."""
        begin = (OrderPlaced.context, OrderPlaced.__name__)
        times = await self.installation.measurements.times_between(begin, (end.context, end.__name__), since)
        if times.pairs != count:
            raise Stalled("a saga", times.pairs, count)
        return times


@asynccontextmanager
async def open_shop(installation: Installation) -> AsyncIterator[OpenShop]:
    """Start the workers, open the shop and settle a few orders. Raises Stalled or Unavailable."""
    async with AsyncExitStack() as stack:
        workers = {role: await stack.enter_async_context(worker(installation, role)) for role in ROLES}
        open_ = OpenShop(installation, Shop(), workers)
        opening = open_.shop.opening()
        await open_.handled(
            [*opening, *open_.shop.orders(WARM_UP_ORDERS)], len(opening) + WARM_UP_ORDERS * EVENTS_AN_ORDER
        )
        await open_.caught_up()
        yield open_
