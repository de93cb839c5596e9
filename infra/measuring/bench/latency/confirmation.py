"""From OrderPlaced to OrderConfirmed, at a steady rate, by the database's clock."""

from contracts.orders.events import OrderConfirmed
from infra.kafka.commands import command_client
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.latency.times import Times, open_loop
from infra.measuring.bench.load import SOURCE
from infra.measuring.bench.orders.shop import EVENTS_AN_ORDER
from infra.measuring.bench.orders.workers import open_shop
from infra.measuring.bench.progress import reached

DELIVERY_TIMEOUT_SECONDS = 10.0
HOPS = 6
"""Hops to a worker with a durable commit each, one after the other: OrderPlaced to the saga, ReserveFunds to the
command worker, FundsReserved to the saga, ReserveStock of all lines, StockReserved to the saga, ConfirmOrder."""


async def confirmation_latency(installation: Installation, per_second: float, seconds: float) -> Times:
    """With one worker of each role, at so many orders a second."""
    async with open_shop(installation) as open_:
        since, events = await installation.measurements.now(), await open_.events()
        client = command_client(
            installation.settings,
            source=SOURCE,
            delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
            max_outstanding=max(1, round(per_second * seconds)),
        )

        async def sent(_: int, __: float) -> bool:
            await client.send(open_.shop.order())
            return True

        async with client:
            await client.check()
            count = len(await open_loop(per_second, seconds, sent))
            await reached("an order", open_.events, events + count * EVENTS_AN_ORDER)
        return Times.of_requests(await open_.times_until(OrderConfirmed, since, count))
