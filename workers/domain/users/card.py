"""The user card: what a page about a user shows, and the directory by e-mail address and by city.

The card proper has the facts of the users context. Orders and payments feed sections of it (sections.py): they are
stored with it and read with it, and `complete` adds them up.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never, cast

from contracts.money import EXACT, written
from contracts.users.events import PasswordChanged, UserCreated, UserDeleted, UserEvent, UserUpdated, UserWelcomed
from workers.core.projection import Document, Index, Projection, Sections
from workers.core.recorded import Recorded
from workers.domain.users.keys import EMAIL, city_key, email_key
from workers.domain.users.sections import NOTHING_SPENT, ORDERS, PAYMENTS


def email_index(email: str) -> Index:
    """Where the card of the user with this e-mail address is found, however it is written (keys.py)."""
    return Index(EMAIL, email_key(email))


def city_index(city: str) -> Index:
    """Where the cards of the users of this city are found, however it is written (keys.py)."""
    return Index("city", city_key(city))


def evolve(card: Document | None, recorded: Recorded) -> Document | None:
    """The next card. Only a UserCreated begins one; any other event of a user without a card leaves none."""
    event = cast(UserEvent, recorded.event)
    if isinstance(event, UserCreated):
        return {
            "user_id": event.user_id,
            "first_name": event.first_name,
            "last_name": event.last_name,
            "email": event.email,
            "city": event.city,
            "locale": event.locale,
            "created_at": recorded.recorded_at,
            "welcomed_at": None,
            "version": recorded.stream_version,
        }
    if card is None:
        return None
    match event:
        case UserWelcomed():
            return {**card, "welcomed_at": recorded.recorded_at, "version": recorded.stream_version}
        case UserUpdated():
            return {**card, **event.model_dump(exclude_unset=True), "version": recorded.stream_version}
        case PasswordChanged():
            return {**card, "version": recorded.stream_version}
        case UserDeleted():
            return None
        case _:
            assert_never(event)


def completed(card: Document, order_count: int, last_order_date: str | None, total_spent: str) -> Document:
    """The whole card, in the order in which it is shown: the card proper with what orders and payments say of the user.

    `order_count`: orders placed; `last_order_date`: when the latest was placed, RFC 3339; `total_spent`: the money
    captured, a decimal number with two places.
    """
    whole = dict(card)
    version = whole.pop("version")
    whole["order_count"] = order_count
    whole["total_spent"] = total_spent
    whole["last_order_date"] = last_order_date
    whole["version"] = version
    return whole


def complete(card: Document, sections: Sections) -> Document:
    """The whole card of a card proper and what the lanes of orders and payments have counted."""
    if not sections:
        return completed(card, 0, None, NOTHING_SPENT)
    orders, payments = sections.get(ORDERS.name, ()), sections.get(PAYMENTS.name, ())
    last_order_date = max([lane["last_date"] for lane in orders], default=None)
    return completed(card, sum([lane["count"] for lane in orders]), last_order_date, _sum_of(payments))


def _sum_of(payments: Sequence[Document]) -> str:
    """What all lanes have counted; mostly there is one, as an account is one stream."""
    if len(payments) == 1:
        return str(payments[0]["spent"])
    spent = Decimal(NOTHING_SPENT)
    for lane in payments:
        spent = EXACT.add(spent, Decimal(lane["spent"]))
    return written(spent)


def indexes(card: Document) -> frozenset[Index]:
    """The card's entries in the directory."""
    entries = {email_index(card["email"])}
    if card["city"] is not None:
        entries.add(city_index(card["city"]))
    return frozenset(entries)


card = Projection(
    name="users",
    context="users",
    evolve=evolve,
    indexes=indexes,
    searchable=(EMAIL, "city"),
    sections=(ORDERS, PAYMENTS),
    complete=complete,
    search_keys={EMAIL: email_key, "city": city_key},
)
