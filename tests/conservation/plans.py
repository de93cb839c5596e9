"""What is drawn of a schedule: what people ask for and when, who is away from when on, and which way each move goes.

Times count moves. Few users, few goods and little money, so that orders get in one another's way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from contracts.inventory.commands import ReceiveStock
from contracts.message import Command
from contracts.orders.commands import CancelOrder, ConfirmOrder, PlaceOrder
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds
from contracts.users.commands import CreateUser, DeleteUser
from tests.conservation.interference import TAKING, Interference, early_reservations, interferences
from tests.conservation.strangers import strangers

USERS = ("ada", "bob")
SKUS = ("tea", "pot", "cup")
MOST_ORDERS = 4
CHOICES = 120
LATEST = 60

moments = st.integers(0, LATEST)


class Request(NamedTuple):
    """A command that a client sends, at a time."""

    at: int
    command: Command


@dataclass(frozen=True)
class Plan:
    """`requests` in the order of time. `overdue`: from when on an order's deadline may pass; those of the others pass
    when nothing else can happen. `away`: from when on a context handles no commands, until all others have come to
    rest. `shipped`: the orders that are shipped when they are confirmed. `choices`: one byte a move; after the last the
    oldest message moves. `lost`: which of the sagas' commands, counted as they are sent, are never handled.
    """

    requests: tuple[Request, ...]
    overdue: Mapping[str, int]
    away: Mapping[str, int]
    shipped: frozenset[str]
    choices: bytes
    lost: frozenset[int] = frozenset()

    @property
    def interfered(self) -> frozenset[str]:
        """The orders of which others have taken, or promised, what is the saga's to take or promise."""
        taking = [request.command for request in self.requests if isinstance(request.command, TAKING)]
        return frozenset(command.order_id for command in taking)

    def __str__(self) -> str:
        lines = [f"{request.at:4}  {request.command!r}" for request in self.requests]
        rest = f"overdue {self.overdue}, away {self.away}, shipped {sorted(self.shipped)}, "
        rest += f"lost {sorted(self.lost)}, choices {self.choices.hex()}"
        return "\n".join([*lines, rest])


class Order(NamedTuple):
    """An order as it is drawn; `cancelled_after` so many moves by the customer, and `confirmed_after` so many by
    a client that is not to do that.
    """

    at: int
    user: str
    lines: tuple[OrderLine, ...]
    currency: str
    cancelled_after: int | None
    confirmed_after: int | None
    overdue_after: int | None
    shipped: bool
    interferences: Sequence[Interference]


lines = st.builds(
    lambda sku, quantity, price: OrderLine(sku=sku, quantity=quantity, unit_price=Decimal(price)),
    st.sampled_from(SKUS),
    st.integers(1, 3),
    st.sampled_from((1, 2, 3, 3, 50)),
)
orders = st.builds(
    Order,
    at=moments,
    user=st.sampled_from(USERS),
    lines=st.lists(lines, min_size=1, max_size=3).map(tuple),
    currency=st.sampled_from(("EUR",) * 4 + ("USD",)),
    cancelled_after=st.sampled_from((None, None, None, None, None, None, 0, 10, 20, 30, 45)),
    confirmed_after=st.sampled_from((None,) * 10 + (0, 15)),
    overdue_after=st.sampled_from((None,) * 5 + (3, 10, 15, 20, 25, 30, 35, 45)),
    shipped=st.booleans(),
    interferences=interferences,
)
later = st.sampled_from((10, 25, 45))


def _deposit(at: int, user: str, amount: int) -> Request:
    return Request(at, DepositFunds(user_id=user, amount=Decimal(amount), currency="EUR"))


def _receipt(at: int, sku: str, quantity: int) -> Request:
    return Request(at, ReceiveStock(sku=sku, quantity=quantity))


def _beginning(amounts: tuple[int, ...], quantities: tuple[int, ...]) -> list[Request]:
    """Money and goods that are there before anything else; nothing at all for a 0."""
    paid_in = [_deposit(0, user, amount) for user, amount in zip(USERS, amounts, strict=True) if amount]
    came_in = [_receipt(0, sku, quantity) for sku, quantity in zip(SKUS, quantities, strict=True) if quantity]
    return paid_in + came_in


beginnings = st.builds(
    _beginning,
    st.tuples(*[st.sampled_from((100, 100, 30, 10, 0))] * len(USERS)),
    st.tuples(*[st.sampled_from((9, 9, 9, 4, 2, 0))] * len(SKUS)),
)
additions = st.lists(
    st.one_of(
        st.builds(_deposit, later, st.sampled_from(USERS), st.integers(1, 40)),
        st.builds(_receipt, later, st.sampled_from(SKUS), st.integers(1, 9)),
    ),
    max_size=3,
)
deletions = st.lists(
    st.builds(lambda at, user: Request(at, DeleteUser(user_id=user)), moments, st.sampled_from(USERS)), max_size=1
)


def _plan(
    ordered: list[Order],
    others: tuple[list[Request], ...],
    away: dict[str, int],
    choices: bytes,
    lost: frozenset[int],
) -> Plan:
    names = [f"order-{number}" for number in range(1, len(ordered) + 1)]
    requests = [Request(0, _user(user)) for user in USERS] + [request for group in others for request in group]
    for name, order in zip(names, ordered, strict=True):
        place = PlaceOrder(order_id=name, user_id=order.user, lines=order.lines, currency=order.currency)
        requests.append(Request(order.at, place))
        if order.cancelled_after is not None:
            requests.append(Request(order.at + order.cancelled_after, CancelOrder(order_id=name)))
        if order.confirmed_after is not None:
            requests.append(Request(order.at + order.confirmed_after, ConfirmOrder(order_id=name)))
        requests += [
            Request(max(0, order.at + interference.after), interference.made(place))
            for interference in order.interferences
        ]
    drawn = dict(zip(names, ordered, strict=True))
    return Plan(
        requests=tuple(sorted(requests, key=lambda request: request.at)),
        overdue={
            name: order.at + order.overdue_after for name, order in drawn.items() if order.overdue_after is not None
        },
        away=away,
        shipped=frozenset(name for name, order in drawn.items() if order.shipped),
        choices=choices,
        lost=lost,
    )


def _user(user: str) -> CreateUser:
    return CreateUser(user_id=user, first_name=user, last_name="Tester", email=f"{user}@example.org")


no_step = st.just(frozenset[int]())
few_lost = st.one_of(no_step, no_step, st.frozensets(st.integers(1, 20), max_size=2))


def _planned(
    order: st.SearchStrategy[Order],
    most_orders: int,
    most_away: int,
    choices: int,
) -> st.SearchStrategy[Plan]:
    return st.builds(
        _plan,
        st.lists(order, min_size=1, max_size=most_orders),
        st.tuples(beginnings, additions, deletions),
        st.dictionaries(st.sampled_from(("payments", "inventory", "orders")), moments, max_size=most_away),
        st.binary(min_size=choices, max_size=choices),
        few_lost,
    )


plans = _planned(orders, MOST_ORDERS, most_away=1, choices=CHOICES)
harsh_plans = _planned(
    st.builds(lambda order, chosen: order._replace(interferences=chosen), orders, strangers),
    3,
    most_away=2,
    choices=200,
)
"""With strangers who do whatever they can."""
races = st.builds(
    _plan,
    st.builds(
        lambda order, currency, interference: [
            order._replace(
                at=0, currency=currency, interferences=[interference], cancelled_after=None, confirmed_after=None
            )
        ],
        orders,
        st.sampled_from(("EUR", "USD")),
        early_reservations,
    ),
    st.tuples(st.just(_beginning((100, 100), (9, 9, 9))), st.just([]), st.just([])),
    st.just({}),
    st.binary(min_size=CHOICES, max_size=CHOICES),
    no_step,
)
"""One order, and another client that reserves something under its id at the same time."""
