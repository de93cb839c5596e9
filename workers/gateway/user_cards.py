"""The user card as it is shown: the stored card, completed from the read models of orders and payments.

The orders are counted in the index by user: an order has one entry under its user, so each is counted once.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import orjson
from pydantic import BaseModel, ConfigDict, Field

from workers.core.projection import Document
from workers.domain.orders.card import card as order_card
from workers.domain.orders.card import placed_by, time_in
from workers.domain.payments.card import card as account_card
from workers.domain.users.card import completed
from workers.gateway.answers import version_tag
from workers.gateway.queries import Queries
from workers.ports.read_models import Tally

NOTHING_SPENT = "0.00"


class UserCard(BaseModel):
    """All that a page about a user shows."""

    model_config = ConfigDict(extra="forbid")

    user_id: str
    first_name: str
    last_name: str
    email: str
    city: str | None
    created_at: datetime
    welcomed_at: datetime | None
    order_count: int = Field(description="Orders placed.")
    total_spent: str = Field(description="Money captured, as a decimal number in the currency of the account.")
    last_order_date: datetime | None
    version: int


class UserPage(BaseModel):
    """Users in the order of their ids. `cursor` continues after them; null at the end."""

    users: list[UserCard]
    cursor: str | None


async def completed_cards(queries: Queries, cards: Sequence[Document]) -> list[Document]:
    """The complete cards for these stored cards, with two queries for any number of cards. Raises Unavailable."""
    users = [card["user_id"] for card in cards]
    tallies, accounts = await asyncio.gather(
        queries.tally(order_card, [placed_by(user) for user in users]), queries.documents(account_card, users)
    )
    return [
        completed(card, tally.count, last_order_date(tally), accounts.get(user, {}).get("captured", NOTHING_SPENT))
        for user, card, tally in zip(users, cards, tallies, strict=True)
    ]


def last_order_date(orders: Tally) -> str | None:
    """When the latest of these orders was placed, RFC 3339."""
    return None if orders.last_order is None else time_in(orders.last_order)


def user_tag(card: Document) -> str:
    """The entity tag of a complete card. It changes with the orders and the spending too. In an If-Match only the
    version counts, because the rest does not belong to the user's stream.
    """
    orders = [card[field] for field in ("order_count", "last_order_date", "total_spent")]
    return version_tag(card["version"], b"" if orders == [0, None, NOTHING_SPENT] else orjson.dumps(orders))
