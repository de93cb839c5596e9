"""What must be true when a world has come to rest: counted from its log and from what was asked for, and compared with
what the deciders and the sagas keep.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from contracts.inventory.events import StockReceived, StockReleased, StockReserved, StockShipped
from contracts.orders.commands import ConfirmOrder, PlaceOrder
from contracts.payments.events import FundsCaptured, FundsDeposited
from contracts.users.events import UserDeleted
from tests.conservation.world import World, is_open

ENDS = {"confirmed": "completed", "cancelled": "cancelled", "shipped": "shipped"}
"""Where an order's fulfilment is to end, by the order's status."""


def findings(world: World) -> list[str]:
    """All that is wrong."""
    checks = (_bugs, _orders, _money, _stock, _fulfilments, _closings)
    return [finding for check in checks for finding in check(world)]


def _bugs(world: World) -> Iterator[str]:
    yield from world.bugs
    if world.deadlines:
        yield f"deadlines wait still: {sorted(world.deadlines)}"


def _orders(world: World) -> Iterator[str]:
    for order_id in world.left_open:
        yield f"{order_id} was left open past its deadline while a context was away"
    for order_id in world.unclosed:
        yield f"{order_id} was left open when its user was deleted"
    for order_id, order in _of(world, "orders").items():
        if is_open(order):
            yield f"{order_id} is left open"


def _money(world: World) -> Iterator[str]:
    """Deposits are balances and what was captured, which is what the confirmed orders cost; nothing else is held."""
    deposited: Counter[str] = Counter()
    captured: Counter[str] = Counter()
    for event in world.log:
        if isinstance(event, FundsDeposited):
            deposited[event.user_id] += int(event.amount * 100)
        elif isinstance(event, FundsCaptured):
            captured[event.user_id] += int(event.amount * 100)
    spent: Counter[str] = Counter()
    for order in _final(world):
        spent[order.user_id] += int(sum(line.quantity * line.unit_price for line in order.lines) * 100)
    for user in {*deposited, *captured, *spent}:
        if captured[user] != spent[user]:
            yield f"{captured[user]} cents captured from {user}, whose confirmed orders cost {spent[user]}"
    for user, account in _of(world, "payments").items():
        if deposited[user] != account.balance * 100 + captured[user]:
            yield f"{user} paid in {deposited[user]} cents, of which {captured[user]} are captured and {account} left"
        if account.reserved != 0:
            yield f"money of {user} is held for orders that are over: {account}"


Pieces = Counter[tuple[str, str]]
"""By SKU and order."""


def _stock(world: World) -> Iterator[str]:
    """What was received is on hand or shipped; what is held is what the confirmed orders wait for, piece by piece."""
    received, held, shipped = _counted(world)
    waiting, gone = Pieces(), Pieces()
    for order in _final(world):
        pieces = gone if _of(world, "orders")[order.order_id].status == "shipped" else waiting
        for line in order.lines:
            pieces[line.sku, order.order_id] += line.quantity
    if held != waiting:
        yield f"held are {+held}, but the confirmed orders wait for {waiting}"
    if shipped != gone:
        yield f"shipped were {shipped}, but the shipped orders are over {gone}"
    for sku, stock in _of(world, "inventory").items():
        if received[sku] != stock.on_hand + sum(pieces for (each, _), pieces in shipped.items() if each == sku):
            yield f"{received[sku]} {sku} were received, and {stock} is left after {shipped}"
        if stock.reserved != sum(pieces for (each, _), pieces in held.items() if each == sku):
            yield f"{stock} of {sku} says otherwise than its events: {held}"


def _counted(world: World) -> tuple[Counter[str], Pieces, Pieces]:
    """What was received of each SKU, is held for an order, was shipped for it."""
    received: Counter[str] = Counter()
    held, shipped = Pieces(), Pieces()
    for event in world.log:
        match event:
            case StockReceived():
                received[event.sku] += event.quantity
            case StockReserved():
                held[event.sku, event.order_id] += event.quantity
            case StockReleased():
                held[event.sku, event.order_id] -= event.quantity
            case StockShipped():
                held[event.sku, event.order_id] -= event.quantity
                shipped[event.sku, event.order_id] += event.quantity
    return received, held, shipped


def _fulfilments(world: World) -> Iterator[str]:
    """One an order, at the end that fits it."""
    found = {key.instance_id: row.status for key, row in world.instances.items() if key.saga == "fulfilment"}
    wanted = {order_id: ENDS.get(order.status, "an end") for order_id, order in _of(world, "orders").items()}
    wanted |= dict.fromkeys(_stuck(world), "stuck")
    if found != wanted:
        yield f"fulfilments are {found}, not {wanted}"


def _closings(world: World) -> Iterator[str]:
    """Closed for the deleted, at rest for the others who have ordered something."""
    deleted = {event.user_id for event in world.log if isinstance(event, UserDeleted)}
    ordered = {order.user_id for order in _of(world, "orders").values()}
    found = {key.instance_id: row.status for key, row in world.instances.items() if key.saga == "account closing"}
    wanted = {user: "closed" if user in deleted else "rest" for user in deleted | ordered}
    if found != wanted:
        yield f"account closings are {found}, not {wanted}"


def _of(world: World, context: str) -> dict[str, Any]:
    """The states of a context by stream id."""
    return {stream_id: state for (where, stream_id), state in world.states.items() if where == context}


def _final(world: World) -> Iterator[PlaceOrder]:
    """The orders that were confirmed and not given up, as they were asked for."""
    orders, stuck = _of(world, "orders"), _stuck(world)
    for request in world.plan.requests:
        command = request.command
        if not isinstance(command, PlaceOrder) or command.order_id in stuck:
            continue
        if orders[command.order_id].status in ("confirmed", "shipped"):
            yield command


def _stuck(world: World) -> set[str]:
    """The orders that are for a person to look at: given up, when somebody had confirmed them who is not to do that.

    Nothing is held for them, and nothing taken. Any other order that is stuck is a finding.
    """
    meddled = {each.command.order_id for each in world.plan.requests if isinstance(each.command, ConfirmOrder)}
    return {key.instance_id for key, row in world.instances.items() if row.status == "stuck"} & meddled
