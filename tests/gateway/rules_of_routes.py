"""What each operation of the API document asks of the rules of a context: a command, or a kind of reading."""

from collections.abc import Iterator
from typing import NamedTuple

from contracts.examples import examples_of
from contracts.inventory.commands import ReceiveStock
from contracts.message import Command
from contracts.orders.commands import CancelOrder, DeliverOrder, PlaceOrder, ShipOrder
from contracts.payments.commands import DepositFunds
from contracts.users.commands import CreateUser, DeleteUser, UpdateUser
from tests.gateway.every_route import DECLARED, operations
from workers.core.access import OWNER, Read, Row, Scope
from workers.domain import contexts
from workers.gateway.declared.commands import may_begin


class Asked(NamedTuple):
    """The rows that must all allow it. `creates`: a stranger is told that it is forbidden, as nothing may be there."""

    context: str
    subjects: tuple[type[Command] | Read, ...]
    creates: bool = False

    @property
    def rows(self) -> list[Row]:
        access = contexts()[self.context].access
        return [
            access.reads[subject] if isinstance(subject, Read) else access.commands[subject]
            for subject in self.subjects
        ]

    @property
    def scopes(self) -> list[str]:
        """The scopes that are enough."""
        return [who.name for row in self.rows for who in row if isinstance(who, Scope)]

    @property
    def is_for_owners(self) -> bool:
        return all(OWNER in row for row in self.rows)


ASKED = {
    "POST /users": Asked("users", (CreateUser,), creates=True),
    "GET /users": Asked("users", (Read.FIND,)),
    "GET /users/{user_id}": Asked("users", (Read.CARD,)),
    "PUT /users/{user_id}": Asked("users", (UpdateUser,)),
    "PATCH /users/{user_id}": Asked("users", (UpdateUser,)),
    "DELETE /users/{user_id}": Asked("users", (DeleteUser,)),
    "GET /users/{user_id}/history": Asked("users", (Read.HISTORY,)),
    "POST /users/{user_id}/undo": Asked("users", (Read.HISTORY, UpdateUser)),
    "POST /orders": Asked("orders", (PlaceOrder,), creates=True),
    "GET /orders/{order_id}": Asked("orders", (Read.CARD,)),
    "POST /orders/{order_id}/cancel": Asked("orders", (CancelOrder,)),
    "POST /orders/{order_id}/ship": Asked("orders", (ShipOrder,)),
    "POST /orders/{order_id}/deliver": Asked("orders", (DeliverOrder,)),
    "GET /orders/{order_id}/history": Asked("orders", (Read.HISTORY,)),
    "POST /orders/{order_id}/undo": Asked("orders", (Read.HISTORY, CancelOrder)),
    "GET /users/{user_id}/orders": Asked("orders", (Read.FIND,), creates=True),
    "POST /accounts/{user_id}/deposits": Asked("payments", (DepositFunds,), creates=True),
    "GET /accounts/{user_id}": Asked("payments", (Read.CARD,)),
    "GET /accounts/{user_id}/history": Asked("payments", (Read.HISTORY,)),
    "POST /stock/{sku}/receipts": Asked("inventory", (ReceiveStock,), creates=True),
    "GET /stock/{sku}": Asked("inventory", (Read.CARD,)),
    "GET /stock/{sku}/history": Asked("inventory", (Read.HISTORY,)),
    "GET /analytics/{metric}": Asked("payments", (Read.ANALYTICS,), creates=True),
    "GET /commands/{command_id}": Asked("users", (Read.OUTCOME,)),
    "GET /correlations/{correlation_id}": Asked("users", (Read.CORRELATION,)),
}
"""Of the routes that are written by hand."""


def _asked_of_declared() -> Iterator[tuple[str, Asked]]:
    for operation, subject in DECLARED.items():
        context = contexts()[operation.split("/")[1]]
        if isinstance(subject, Read):
            yield operation, Asked(context.name, (subject,), creates=subject is Read.FIND)
        else:
            creates = any(may_begin(context, example) for example in examples_of(subject).values())  # type: ignore[arg-type]
            yield operation, Asked(context.name, (subject,), creates=creates)


_PRESENT = {str(operation) for operation in operations()}
ASKED_OF_ALL = ASKED | {operation: asked for operation, asked in _asked_of_declared() if operation in _PRESENT}
