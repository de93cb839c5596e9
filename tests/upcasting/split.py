"""Events that an older release has stored and that are two events today, declared for the tests: a user who was
registered was created and welcomed; an order that was taken was placed and confirmed.
"""

import json
from collections.abc import Sequence
from typing import Any

from contracts.catalogue import catalogue
from contracts.message import Event
from contracts.orders.events import OrderConfirmed, OrderPlaced
from contracts.orders.examples import ADAS_ORDER_PLACED
from contracts.orders.stream import OrderStream
from contracts.stored_events import StoredEvents
from contracts.upcasting import Fields, Part, upcaster, upcasters_of
from contracts.users.events import UserCreated, UserWelcomed
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN
from contracts.users.stream import UserStream
from tests.lanes.recorded_rows import event_rows
from workers.ports.event_store import EventRow


class UserRegistered(Event, UserStream):
    """A user was created and welcomed at once."""

    full_name: str
    email: str


class OrderTaken(Event, OrderStream):
    """An order was placed and confirmed at once."""

    order: dict[str, Any]


@upcaster(UserRegistered, into=(UserCreated, UserWelcomed))
def created_and_welcomed(fields: Fields) -> Sequence[Part]:
    """Two facts that were one."""
    first_name, _, last_name = fields["full_name"].partition(" ")
    user_id = fields["user_id"]
    created = {"user_id": user_id, "first_name": first_name, "last_name": last_name, "email": fields["email"]}
    return [Part(UserCreated, {**created, "locale": "und"}), Part(UserWelcomed, {"user_id": user_id})]


@upcaster(OrderTaken, into=(OrderPlaced, OrderConfirmed))
def placed_and_confirmed(fields: Fields) -> Sequence[Part]:
    """Two facts that were one."""
    confirmed = {name: fields["order"][name] for name in OrderConfirmed.model_fields if name in fields["order"]}
    return [Part(OrderPlaced, fields["order"]), Part(OrderConfirmed, confirmed)]


def _split_events() -> StoredEvents:
    events: dict[str, type[Event]] = {
        **catalogue().events,
        UserRegistered.type: UserRegistered,
        OrderTaken.type: OrderTaken,
    }
    upcasters = [*catalogue().upcasters.by_type.values(), created_and_welcomed, placed_and_confirmed]
    return StoredEvents(events, upcasters_of(events, upcasters))


SPLIT = _split_events()

REGISTERED = UserRegistered(user_id=ADA_CREATED.user_id, full_name="Ada Lovelace", email=ADA_CREATED.email)
TAKEN = OrderTaken(order_id=ADAS_ORDER_PLACED.order_id, order=json.loads(ADAS_ORDER_PLACED.to_json()))


def users_rows() -> list[EventRow]:
    """A user who was registered, and has moved since."""
    return event_rows(REGISTERED, ADA_MOVED_TO_TURIN)


def orders_rows() -> list[EventRow]:
    """An order that was taken."""
    return event_rows(TAKEN)
