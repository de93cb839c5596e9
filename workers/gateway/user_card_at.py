"""A user card of the past: the stored part is folded from the user's events, the rest from orders and payments."""

from contracts.envelope import rfc3339
from workers.core.projection import Document
from workers.domain.orders.card import card as order_card
from workers.domain.orders.card import placed_by, placed_until
from workers.domain.payments.card import card as account_card
from workers.domain.users.card import card as user_card
from workers.domain.users.card import completed
from workers.gateway.backend import Backend
from workers.gateway.history import Kept, past_card
from workers.gateway.user_cards import NOTHING_SPENT, last_order_date
from workers.history.points import Point
from workers.history.reading import NoSuchPast


async def user_card_at(backend: Backend, kept: Kept, user_id: str, at: Point) -> Document:
    """The complete card at a point; a version stands for the moment at which the user reached it. Raises Problem when
    the user did not exist then, and Unavailable.
    """
    card, moment = await past_card(backend, kept, user_card, user_id, at)
    (orders,) = await backend.queries.tally(order_card, [placed_by(user_id)], until=placed_until(rfc3339(moment)))
    try:
        account, _ = await backend.archive.document(account_card, user_id, moment)
    except NoSuchPast:
        account = None
    spent = account["captured"] if account else NOTHING_SPENT
    return completed(card, orders.count, last_order_date(orders), spent)
