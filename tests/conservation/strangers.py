"""What is drawn of strangers who do whatever a client can, at every moment: they place the order once more, otherwise
or for another user, cancel it, confirm it, have it delivered, delete its user and create him again, deposit another
currency, bring more goods; or copy the saga's own commands.
"""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from contracts.inventory.commands import ReceiveStock, ReleaseStock, ReserveStock, ShipStock
from contracts.message import Command
from contracts.orders.commands import CancelOrder, ConfirmOrder, DeliverOrder, PlaceOrder, ShipOrder
from contracts.orders.lines import OrderLine
from contracts.payments.commands import CaptureFunds, DepositFunds, ReleaseFunds, ReserveFunds
from contracts.users.commands import CreateUser, DeleteUser, WelcomeUser
from tests.conservation.interference import AFTER, Interference, commands, own_user, pieces, total

Commands = tuple[type[Command], ...]
Made = Callable[[PlaceOrder], Command]

MOST_INTERFERENCES = 8
OTHER_LINES = (OrderLine(sku="pot", quantity=1, unit_price=Decimal(1)),)

ABOUT_ORDERS: Commands = (CancelOrder, ConfirmOrder, DeliverOrder)
ABOUT_USERS: Commands = (CreateUser, DeleteUser, WelcomeUser)
COPIED: Commands = (
    *(ReserveFunds, ReserveStock, ReleaseFunds, ReleaseStock, CaptureFunds, ShipStock),
    *(ConfirmOrder, CancelOrder, ShipOrder),
)


def _about_order(order: PlaceOrder, of: type[Command]) -> Command:
    return of.model_validate({"order_id": order.order_id})


def _about_user(order: PlaceOrder, own: bool, of: type[Command]) -> Command:
    user = order.user_id if own else "bob" if order.user_id == "ada" else "ada"
    fields = {"first_name": user, "last_name": "Tester", "email": f"{user}@example.org"} if of is CreateUser else {}
    return of.model_validate({"user_id": user, **fields})


def _once_more(order: PlaceOrder, own: bool, changes: dict[str, object]) -> Command:
    placed = {name: getattr(order, name) for name in ("order_id", "lines", "currency")}
    return PlaceOrder.model_validate({"user_id": _about_user(order, own, DeleteUser).stream_id, **placed, **changes})


def _deposit(order: PlaceOrder, own: bool, currency: str) -> Command:
    user = _about_user(order, own, DeleteUser).stream_id
    return DepositFunds(user_id=user, amount=Decimal(20), currency=currency)


def _copy(order: PlaceOrder, of: type[Command]) -> Command:
    """A command that the saga may send, word for word; of goods, about the first line."""
    sku = order.lines[0].sku
    fields = {"order_id": order.order_id, "user_id": order.user_id, "sku": sku}
    if of is ReserveFunds:
        fields |= {"amount": str(total(order)), "currency": order.currency}
    if of is ReserveStock:
        fields |= {"quantity": str(pieces(order, sku))}
    return of.model_validate({name: value for name, value in fields.items() if name in of.model_fields}, strict=False)


whatever: st.SearchStrategy[Made] = st.one_of(
    commands,
    commands,
    st.sampled_from(ABOUT_ORDERS).map(lambda of: lambda order: _about_order(order, of)),
    st.builds(
        lambda own, of: lambda order: _about_user(order, own, of),
        own_user,
        st.sampled_from(ABOUT_USERS),
    ),
    st.builds(
        lambda own, changes: lambda order: _once_more(order, own, changes),
        own_user,
        st.sampled_from(({}, {"lines": OTHER_LINES}, {"currency": "USD"})),
    ),
    st.builds(
        lambda own, currency: lambda order: _deposit(order, own, currency), own_user, st.sampled_from(("EUR", "USD"))
    ),
    st.just(lambda order: ReceiveStock(sku=order.lines[0].sku, quantity=2)),
)
copies: st.SearchStrategy[Made] = st.sampled_from(COPIED).map(lambda of: lambda order: _copy(order, of))
moments = st.one_of(st.sampled_from(AFTER), st.integers(-10, 60))
strangers: st.SearchStrategy[list[Interference]] = st.one_of(
    *(
        st.lists(st.builds(Interference, moments, made), min_size=1, max_size=MOST_INTERFERENCES)
        for made in (whatever, copies)
    )
)
