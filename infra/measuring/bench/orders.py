"""The whole path: orders from placed to settled, through one real worker of each role.

An order is settled when it is confirmed and its money captured: with two lines that takes six commands, six events, and
as many transitions of its saga. First a burst, for orders a second and processor time; then a steady rate, for the
latency from OrderPlaced to OrderConfirmed. All times are the database's: when the events were recorded.
"""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import psutil

from contracts.inventory.commands import ReceiveStock
from contracts.message import Command, Event
from contracts.orders.commands import PlaceOrder
from contracts.orders.events import OrderConfirmed, OrderPlaced
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds
from contracts.payments.events import FundsCaptured
from infra.kafka.commands import command_client
from infra.measuring.bench.caught_up import all_caught_up
from infra.measuring.bench.load import put_on_topic
from infra.measuring.bench.worker_process import STALLED_SECONDS, Stalled, cpu_seconds, worker
from infra.postgres.measuring import Measurements, RequestTimes
from infra.postgres.pool import Database
from infra.settings import Settings

USERS = 200
SKUS = 50
LINES = 2
PRICE = Decimal("4.95")
CURRENCY = "EUR"
FUNDS = Decimal(10**12)
STOCK = 1_000_000
CONFIRMATION_TIMEOUT_SECONDS = 3600
"""Longer than a burst takes, so that no order is cancelled by its deadline."""
ROLES = ("command", "saga", "projection")
POLL_SECONDS = 0.2
WARM_UP_ORDERS = 50
DELIVERY_TIMEOUT_SECONDS = 10.0
EVENTS_AN_ORDER = 4 + LINES
"""Order placed, funds reserved, stock reserved for each line, order confirmed, funds captured; nothing is declined."""


class Settled(NamedTuple):
    """A burst of orders: settled a second, and the workers' processor time for each, together and by role."""

    orders: int
    per_second: float
    cpu_microseconds: float
    cpu_by_role: dict[str, float]


class Confirmation(NamedTuple):
    """Milliseconds from OrderPlaced to OrderConfirmed at a steady rate."""

    p50: float
    p99: float
    highest: float
    orders: int


class Orders(NamedTuple):
    burst: Settled
    confirmation: Confirmation


class Shop:
    """Users with enough money and SKUs with enough stock; orders go to each in turn."""

    def __init__(self) -> None:
        self._users = [f"user-{number}" for number in range(USERS)]
        self._skus = [f"sku-{number}" for number in range(SKUS)]
        self._placed = 0

    def opening(self) -> Sequence[Command]:
        """The commands that must be handled before the first order."""
        deposits = [DepositFunds(user_id=user, amount=FUNDS, currency=CURRENCY) for user in self._users]
        return [*deposits, *(ReceiveStock(sku=sku, quantity=STOCK) for sku in self._skus)]

    def orders(self, count: int) -> Iterator[PlaceOrder]:
        """The next orders."""
        return (self.order() for _ in range(count))

    def order(self) -> PlaceOrder:
        """The next order, with a line for each of the next SKUs."""
        self._placed += 1
        skus = (self._skus[(self._placed + offset) % SKUS] for offset in range(LINES))
        return PlaceOrder(
            order_id=str(uuid.uuid4()),
            user_id=self._users[self._placed % USERS],
            lines=tuple(OrderLine(sku=sku, quantity=1, unit_price=PRICE) for sku in skus),
            currency=CURRENCY,
            confirm_within_seconds=CONFIRMATION_TIMEOUT_SECONDS,
        )


async def settle_orders(
    settings: Settings, database: Database, count: int, per_second: float, seconds: float
) -> Orders:
    """Measure both, with the same workers. Raises Stalled or Unavailable."""
    shop = Shop()
    async with AsyncExitStack() as stack:
        workers = {role: await stack.enter_async_context(worker(settings, role)) for role in ROLES}
        opening = shop.opening()
        before = await _handled(database)
        await put_on_topic(settings, [*opening, *shop.orders(WARM_UP_ORDERS)])
        await _until(database, before + len(opening) + WARM_UP_ORDERS * EVENTS_AN_ORDER)
        await all_caught_up(settings, database)
        burst = await _burst(settings, database, workers, shop, count)
        confirmation = await _steady(settings, database, shop, per_second, seconds)
    return Orders(burst, confirmation)


async def _burst(
    settings: Settings, database: Database, workers: dict[str, psutil.Process], shop: Shop, count: int
) -> Settled:
    since, handled = await database.now(), await _handled(database)
    before = {role: cpu_seconds(process) for role, process in workers.items()}
    await put_on_topic(settings, shop.orders(count))
    await _until(database, handled + count * EVENTS_AN_ORDER)
    await all_caught_up(settings, database)
    used = {role: (cpu_seconds(process) - before[role]) / count * 1e6 for role, process in workers.items()}
    times = await _times_until(FundsCaptured, database, since, count)
    return Settled(count, count / times.seconds, sum(used.values()), used)


async def _steady(
    settings: Settings, database: Database, shop: Shop, per_second: float, seconds: float
) -> Confirmation:
    """Send orders at a fixed rate, whether or not earlier ones are confirmed."""
    since, handled = await database.now(), await _handled(database)
    count, loop = max(1, int(per_second * seconds)), asyncio.get_running_loop()
    client = command_client(
        settings, source="/annals/bench", delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS, max_outstanding=count
    )
    async with client:
        await client.check()
        started = loop.time()

        async def place(number: int) -> None:
            await asyncio.sleep(started + number / per_second - loop.time())
            await client.send(shop.order())

        await asyncio.gather(*(place(number) for number in range(count)))
        await _until(database, handled + count * EVENTS_AN_ORDER)
    times = await _times_until(OrderConfirmed, database, since, count)
    return Confirmation(times.p50, times.p99, times.highest, count)


async def _times_until(end: type[Event], database: Database, since: datetime, count: int) -> RequestTimes:
    """How long the orders placed after `since` took until this event. Raises Stalled when one never had it."""
    begin = (OrderPlaced.context, OrderPlaced.__name__)
    times = await Measurements(database).times_between(begin, (end.context, end.__name__), since)
    if times.pairs != count:
        raise Stalled("saga", times.pairs, count)
    return times


async def _until(database: Database, events: int) -> None:
    """Wait until there are this many events. Raises Stalled."""
    loop, most = asyncio.get_running_loop(), -1
    end = loop.time() + STALLED_SECONDS
    while (handled := await _handled(database)) < events:
        if handled > most:
            most, end = handled, loop.time() + STALLED_SECONDS
        elif loop.time() > end:
            raise Stalled("saga", most, events)
        await asyncio.sleep(POLL_SECONDS)


async def _handled(database: Database) -> int:
    return await Measurements(database).events_assigned()
