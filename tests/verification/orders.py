"""Orders on a running system: money and goods for them, and when they are settled."""

import asyncio
import uuid
from collections.abc import Sequence

from tests.sent_commands import Sent, command
from tests.system import System
from tests.waiting import until

SETTLED = ("completed", "cancelled", "stuck", "shipped")


def place_order(user_id: str, *skus: str, **options: int) -> Sent:
    order_id = str(uuid.uuid4())
    lines = [{"sku": sku, "quantity": 1, "unit_price": "2.50"} for sku in skus]
    fields = {"order_id": order_id, "user_id": user_id, "lines": lines, "currency": "EUR", **options}
    return command("orders.PlaceOrder.v1", order_id, fields)


async def stocked(system: System, users: Sequence[str], skus: Sequence[str]) -> None:
    """Every user has money, every article is there."""
    deposits = [{"user_id": user, "amount": "1000.00", "currency": "EUR"} for user in users]
    receipts = [{"sku": sku, "quantity": 500} for sku in skus]
    sent = [command("payments.DepositFunds.v1", deposit["user_id"], dict(deposit)) for deposit in deposits]
    await asyncio.to_thread(system.send, sent, topic="payments.commands")
    received = [command("inventory.ReceiveStock.v1", str(receipt["sku"]), dict(receipt)) for receipt in receipts]
    await asyncio.to_thread(system.send, received, topic="inventory.commands")
    await accepted(system, [*sent, *received])


async def accepted(system: System, commands: Sequence[Sent]) -> None:
    """Wait until these commands are handled; all of them are accepted."""
    ids = [command.command_id for command in commands]

    async def handled() -> bool:
        stored = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(stored, ids) == len(ids))

    await until(handled, f"{len(ids)} commands are handled", seconds=120, every=0.2)
    refused = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) AND status <> 'accepted'"
    assert await system.value(refused, ids) == 0


async def placed(system: System, orders: Sequence[Sent]) -> None:
    await asyncio.to_thread(system.send, orders, topic="orders.commands")


async def settled(system: System, orders: Sequence[Sent]) -> None:
    """Wait until these orders are confirmed or cancelled, and nothing is on its way between them and their sagas."""
    ids = [order.stream_id for order in orders]

    async def done() -> bool:
        ended = (
            "SELECT count(*) FROM annals.sagas WHERE saga = 'fulfilment' AND instance_id = ANY($1) AND status = ANY($2)"
        )
        if await system.value(ended, ids, SETTLED) < len(ids):
            return False
        under_way = (
            "SELECT count(*) FROM annals.saga_outbox o "
            "WHERE NOT EXISTS ("
            "SELECT FROM annals.commands c WHERE c.command_id = o.command_id AND annals.answers(c, o))"
        )
        return bool(await system.value(under_way) == 0)

    await until(done, f"{len(ids)} orders are settled", seconds=120, every=0.2)
