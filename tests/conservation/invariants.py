"""What must be true when a world has come to rest: counted from its log and from what was asked for, and compared with
what the deciders and the sagas keep.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from contracts.inventory.events import StockReceived, StockReleased, StockReserved, StockShipped
from contracts.message import Event
from contracts.orders.commands import PlaceOrder
from contracts.orders.events import OrderPlaced
from contracts.payments.events import FundsCaptured, FundsDeposited, FundsReserved
from contracts.users.events import UserDeleted
from tests.conservation.interference import pieces as pieces_of
from tests.conservation.interference import total
from tests.conservation.statuses import is_open
from tests.conservation.world import World
from workers.core.holding import Holding
from workers.domain import contexts
from workers.domain.orders.fulfilment.ownership import owns
from workers.domain.orders.fulfilment.state import FulfilmentState
from workers.ports.sagas import InstanceKey

ENDS = {"confirmed": "completed", "cancelled": "cancelled", "shipped": "shipped", "delivered": "shipped"}
"""Where an order's fulfilment is to end, by the order's status."""


def findings(world: World) -> list[str]:
    """All that is wrong."""
    checks = (_bugs, _orders, _money, _stock, _holdings, _fulfilments, _closings, _welcomes)
    return [finding for check in checks for finding in check(world)]


def _bugs(world: World) -> Iterator[str]:
    yield from world.bugs
    if world.deadlines:
        yield f"deadlines wait still: {sorted(world.deadlines)}"


def _orders(world: World) -> Iterator[str]:
    for waiting in world.in_vain:
        yield f"{waiting} waits for an answer that was given"
    for order_id in world.left_open:
        yield f"{order_id} was left open past its deadline while a context was away"
    for order_id in world.unclosed:
        yield f"{order_id} was left open when its user was deleted"
    for order_id, order in _of(world, "orders").items():
        if is_open(order):
            yield f"{order_id} is left open"


def _money(world: World) -> Iterator[str]:
    """Deposits are balances and what was captured; an order that is final is paid, once, in full and by its user; for
    no other order a saga has taken anything.
    """
    deposited: Counter[str] = Counter()
    captured: Counter[str] = Counter()
    for event in world.log:
        if isinstance(event, FundsDeposited):
            deposited[event.user_id] += int(event.amount * 100)
        elif isinstance(event, FundsCaptured):
            captured[event.user_id] += int(event.amount * 100)
    for user, account in _of(world, "payments").items():
        if deposited[user] != account.balance * 100 + captured[user]:
            yield f"{user} paid in {deposited[user]} cents, of which {captured[user]} are captured and {account} left"
    by_others = {id(event) for event in world.foreign}
    final = {order.order_id: order for order in _final(world)}
    stuck = _stuck(world)
    for order_id in _of(world, "orders"):
        payments = [event for event in world.log if isinstance(event, FundsCaptured) and event.order_id == order_id]
        own_payments = [payment for payment in payments if id(payment) not in by_others]
        order = final.get(order_id)
        if order is not None and not any(_pays(payment, order) for payment in payments):
            yield f"{order} is final and not paid: {payments}"
        if len(own_payments) > (order is not None) and order_id not in stuck:
            yield f"{own_payments} were taken for {order_id}"


def _pays(event: FundsCaptured, order: PlaceOrder) -> bool:
    return (event.user_id, event.amount, event.currency) == (order.user_id, total(order), order.currency)


Pieces = Counter[tuple[str, str]]
"""By SKU and order."""


def _stock(world: World) -> Iterator[str]:
    """What was received is on hand, or shipped; what final orders ask for is held, or shipped, piece by piece."""
    received, reserved, shipped = _counted(world)
    for sku, stock in _of(world, "inventory").items():
        if received[sku] != stock.on_hand + sum(
            pieces for (shipped_sku, _), pieces in shipped.items() if shipped_sku == sku
        ):
            yield f"{received[sku]} {sku} were received, and {stock} is left after {shipped}"
        if stock.reserved != sum(pieces for (held_sku, _), pieces in reserved.items() if held_sku == sku):
            yield f"{stock} of {sku} says otherwise than its events: {reserved}"
    for order in _final(world):
        is_shipped = _of(world, "orders")[order.order_id].status in ("shipped", "delivered")
        for sku in {line.sku for line in order.lines}:
            wanted, place = pieces_of(order, sku), (sku, order.order_id)
            sent = [event.quantity for event in world.log if isinstance(event, StockShipped) and _is_at(event, place)]
            if is_shipped and wanted not in sent:
                yield f"{wanted} {sku} are to be shipped for {order.order_id}, not {sent}"
            if not is_shipped and reserved[place] != wanted and wanted not in sent:
                yield f"{wanted} {sku} are to be held for {order.order_id}, not {reserved[place]}"


def _is_at(event: StockShipped, place: tuple[str, str]) -> bool:
    return (event.sku, event.order_id) == place


def _holdings(world: World) -> Iterator[str]:
    """What is held is for a live order that answers for it. What no order answers for, another client has reserved, and
    it is none of the order's: a verification names it.
    """
    stuck, final = _stuck(world), {order.order_id for order in _final(world)}
    by_others = {id(event) for event in world.foreign}
    for context in contexts().values():
        for stream_id, state in _of(world, context.name).items() if context.holdings else ():
            for holding in context.holdings(stream_id, state) if context.holdings else ():
                row = world.instances.get(InstanceKey("fulfilment", holding.owner))
                instance = FulfilmentState() if row is None else FulfilmentState.model_validate_json(row.state)
                if owns(instance, holding):
                    if holding.owner not in stuck | final or (context.name == "payments" and holding.owner in final):
                        yield f"{holding} is held for an order in {instance.status}"
                elif id(_reserved(world, holding)) not in by_others:
                    yield f"{holding} was reserved by a saga, and no order answers for it: {instance}"
                elif instance.status == "cancelled" and _was_asked(instance, holding):
                    yield f"{holding} is held under the id of a cancelled order: {instance}"


def _reserved(world: World, holding: Holding) -> Event:
    """The event that has reserved this."""
    reservations = [event for event in world.log if isinstance(event, FundsReserved | StockReserved)]
    return [
        reservation
        for reservation in reservations
        if (reservation.stream_id, reservation.order_id) == (holding.stream_id, holding.owner)
    ][-1]


def _was_asked(instance: FulfilmentState, holding: Holding) -> bool:
    if holding.context == "payments":
        return holding.stream_id == instance.user_id
    return any(goods.sku == holding.stream_id and goods.part != "not asked" for goods in instance.goods)


def _counted(world: World) -> tuple[Counter[str], Pieces, Pieces]:
    """What was received of each SKU, is held for an order, was shipped for it."""
    received: Counter[str] = Counter()
    reserved, shipped = Pieces(), Pieces()
    for event in world.log:
        match event:
            case StockReceived():
                received[event.sku] += event.quantity
            case StockReserved():
                reserved[event.sku, event.order_id] += event.quantity
            case StockReleased():
                reserved[event.sku, event.order_id] -= event.quantity
            case StockShipped():
                reserved[event.sku, event.order_id] -= event.quantity
                shipped[event.sku, event.order_id] += event.quantity
    return received, reserved, shipped


def _fulfilments(world: World) -> Iterator[str]:
    """One an order, at the end that fits it."""
    statuses = {key.instance_id: row.status for key, row in world.instances.items() if key.saga == "fulfilment"}
    wanted = {order_id: ENDS.get(order.status, "an end") for order_id, order in _of(world, "orders").items()}
    wanted |= dict.fromkeys(_stuck(world), "stuck")
    if statuses != wanted:
        yield f"fulfilments are {statuses}, not {wanted}"


def _closings(world: World) -> Iterator[str]:
    """Closed for the deleted, at rest for the others who have ordered something."""
    deleted = {event.user_id for event in world.log if isinstance(event, UserDeleted)}
    ordered = {order.user_id for order in _of(world, "orders").values()}
    statuses = {key.instance_id: row.status for key, row in world.instances.items() if key.saga == "account closing"}
    wanted = {user: "closed" if user in deleted else "rest" for user in deleted | ordered}
    if statuses != wanted:
        yield f"account closings are {statuses}, not {wanted}"


def _welcomes(world: World) -> Iterator[str]:
    """No user is left unwelcomed."""
    for key, row in world.instances.items():
        if key.saga == "welcome" and row.status not in ("welcomed", "abandoned"):
            yield f"{key.instance_id} is left in {row.status}"


def _of(world: World, context: str) -> dict[str, Any]:
    """The states of a context by stream id."""
    return {stream_id: state for (where, stream_id), state in world.states.items() if where == context}


def _final(world: World) -> Iterator[PlaceOrder]:
    """The orders that were confirmed and not given up, as they were placed."""
    orders, stuck = _of(world, "orders"), _stuck(world)
    for event in world.log:
        if not isinstance(event, OrderPlaced) or event.order_id in stuck:
            continue
        if orders[event.order_id].status in ("confirmed", "shipped", "delivered"):
            asked = {name: getattr(event, name) for name in ("order_id", "user_id", "lines", "currency")}
            yield PlaceOrder(**asked)


def _stuck(world: World) -> set[str]:
    """The orders that are for a person, as others have interfered. Any other order that is stuck is a finding."""
    stuck = {key.instance_id for key, row in world.instances.items() if row.status == "stuck"}
    return stuck & world.plan.interfered
