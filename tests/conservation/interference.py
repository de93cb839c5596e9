"""What is drawn of others' commands under an order's id: before, between and after the saga's own, exactly like them or
with another user, amount, currency, SKU or quantity.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from contracts.inventory.commands import ReleaseStock, ReserveStock, ShipStock
from contracts.message import Command
from contracts.orders.commands import ConfirmOrder, PlaceOrder, ShipOrder
from contracts.payments.commands import CaptureFunds, ReleaseFunds, ReserveFunds

AFTER = (-8, -3, -1, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 45)
"""Mostly while an order is on its way."""

TAKING = (CaptureFunds, ConfirmOrder, ReleaseFunds, ReleaseStock, ShipStock)
"""Commands that may leave an order to a person: they take, or promise, what is the saga's to take or promise."""


class Interference(NamedTuple):
    """So many moves after the order is asked for, a command that `made` words for it."""

    after: int
    made: Callable[[PlaceOrder], Command]


def total(order: PlaceOrder) -> Decimal:
    return sum((line.quantity * line.unit_price for line in order.lines), Decimal(0))


def pieces(order: PlaceOrder, sku: str) -> int:
    return sum(line.quantity for line in order.lines if line.sku == sku)


def _funds(of: type[ReleaseFunds] | type[CaptureFunds]) -> Callable[[bool], Callable[[PlaceOrder], Command]]:
    return lambda own: lambda order: of(user_id=_user(order, own=own), order_id=order.order_id)


def _reserve_funds(own: bool, amount: Decimal | None, currency: str | None) -> Callable[[PlaceOrder], Command]:
    def made(order: PlaceOrder) -> Command:
        return ReserveFunds(
            user_id=_user(order, own=own),
            order_id=order.order_id,
            amount=total(order) if amount is None else amount,
            currency=order.currency if currency == "the order's" else currency,
        )

    return made


def _stock(of: type[ReleaseStock] | type[ShipStock]) -> Callable[[str], Callable[[PlaceOrder], Command]]:
    return lambda sku: lambda order: of(sku=_sku(order, sku), order_id=order.order_id)


def _reserve_stock(sku: str, quantity: int | None) -> Callable[[PlaceOrder], Command]:
    def made(order: PlaceOrder) -> Command:
        which = _sku(order, sku)
        exactly = pieces(order, which) or 1
        return ReserveStock(sku=which, order_id=order.order_id, quantity=exactly if quantity is None else quantity)

    return made


def _of_order(of: type[ConfirmOrder] | type[ShipOrder]) -> Callable[[PlaceOrder], Command]:
    return lambda order: of(order_id=order.order_id)


def _user(order: PlaceOrder, *, own: bool) -> str:
    return order.user_id if own else "bob" if order.user_id == "ada" else "ada"


def _sku(order: PlaceOrder, sku: str) -> str:
    return order.lines[0].sku if sku == "the first" else sku


own_user = st.sampled_from((True, True, True, False))
some_sku = st.sampled_from(("the first", "the first", "tea", "pot", "cup"))
reservations: st.SearchStrategy[Callable[[PlaceOrder], Command]] = st.one_of(
    st.builds(
        _reserve_funds,
        own_user,
        st.sampled_from((None, None, Decimal("0.01"), Decimal(7))),
        st.sampled_from(("the order's", None)),
    ),
    st.builds(_reserve_stock, some_sku, st.sampled_from((None, None, 1, 4))),
)
commands: st.SearchStrategy[Callable[[PlaceOrder], Command]] = st.one_of(
    reservations,
    reservations,
    own_user.map(_funds(ReleaseFunds)),
    own_user.map(_funds(CaptureFunds)),
    some_sku.map(_stock(ReleaseStock)),
    some_sku.map(_stock(ShipStock)),
    st.just(_of_order(ShipOrder)),
)
interferences: st.SearchStrategy[Sequence[Interference]] = st.one_of(
    st.just(()), st.lists(st.builds(Interference, st.sampled_from(AFTER), commands), min_size=1, max_size=5)
)
early_reservations = st.builds(Interference, st.integers(0, 6), reservations)
"""About when the order is placed."""
