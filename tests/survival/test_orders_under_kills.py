"""Thousands of orders over all contexts, workers of every role killed at random: money and goods are conserved."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.sent_commands import Sent
from tests.survival.folded_events import goods_add_up, money_adds_up, nothing_is_left_open, read_folded_events
from tests.survival.orders import shop
from tests.survival.random_kills import random_kills
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until
from tests.windows import windows_equal_the_table
from workers.domain import contexts

ORDERS = 5_000
PARTS = 10
MIN_KILLS = 8
SETTLED = {saga.name: sorted(saga.settled_statuses) for context in contexts().values() for saga in context.sagas}


def parts(commands: Sequence[Sent]) -> Iterator[Sequence[Sent]]:
    size = -(-len(commands) // PARTS)
    for begin in range(0, size * PARTS, size):
        yield commands[begin : begin + size]


async def at_rest(system: System, orders: int) -> None:
    """Every order has its fulfilment, each has ended, no step is unanswered, no deadline waits."""

    async def quiet() -> bool:
        open_count = await system.value(
            "SELECT $2 - count(*) FILTER (WHERE status = ANY($1)) FROM annals.sagas WHERE saga = 'fulfilment'",
            SETTLED["fulfilment"],
            orders,
        )
        unanswered = await system.value(
            "SELECT count(*) FROM annals.saga_outbox o LEFT JOIN annals.commands c USING (command_id)"
            " WHERE c.command_id IS NULL"
        )
        waiting = await system.value("SELECT count(*) FROM annals.deadlines")
        return (open_count, unanswered, waiting) == (0, 0, 0)

    await until(quiet, "all sagas have ended", seconds=240, every=0.5)


@pytest.mark.timeout(700)
async def test_money_and_goods_are_conserved_and_no_order_is_left_open(system: System) -> None:
    goods = shop(ORDERS, seed=20261121)
    async with random_kills(system, {"command": 2, "saga": 2, "projection": 2, "analytics": 2}) as killed:
        system.send(goods.users, topic="users.commands")
        system.send(goods.deposits, topic="payments.commands")
        system.send(goods.receipts, topic="inventory.commands")
        await system.handled(len(goods.users) + len(goods.deposits) + len(goods.receipts))
        cancels, deletions = list(parts(goods.cancels)), list(parts(goods.deletions))
        for number, orders in enumerate(parts(goods.orders)):
            await asyncio.to_thread(system.send, orders, topic="orders.commands")
            await asyncio.to_thread(system.send, cancels[number], topic="orders.commands")
            await asyncio.to_thread(system.send, deletions[number], topic="users.commands")
        while len(killed) < MIN_KILLS:
            await asyncio.sleep(0.1)
    await at_rest(system, ORDERS)
    everything = [sent.command_id for commands in goods for sent in commands]
    handled = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
    assert await system.value(handled, everything) == len(everything)
    folded = await read_folded_events(system)
    assert len(folded.states["orders"]) == ORDERS
    money_adds_up(folded)
    goods_add_up(folded)
    nothing_is_left_open(folded)
    statuses = Counter(state.status for state in folded.states["orders"].values())
    assert min(statuses["confirmed"], statuses["cancelled"]) > ORDERS // 20, statuses
    reasons = Counter(event.reason.split(" declined")[0] for event in folded.named("orders", "OrderCancelled"))
    assert {"funds", "no"} <= set(reasons), reasons
    stuck = await system.value("SELECT count(*) FROM annals.sagas WHERE status = 'stuck'")
    assert stuck == 0
    await windows_equal_the_table(system)
    code, verdict = await verified(system)
    assert code == 0, verdict
