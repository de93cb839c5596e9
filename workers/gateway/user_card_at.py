"""A user card of the past: the card proper is folded from the user's events; how many orders there were by then, the
index of the orders by their user tells, and the account of the past what was spent.
"""

from contracts.envelope import rfc3339
from workers.core.projection import Document
from workers.domain.orders.card import card as order_card
from workers.domain.orders.card import placed_by, placed_until, time_in
from workers.domain.payments.card import card as account_card
from workers.domain.users.card import card as user_card
from workers.domain.users.card import completed
from workers.domain.users.sections import NOTHING_SPENT
from workers.gateway.backend import Backend
from workers.gateway.history import past_card
from workers.gateway.kept import Kept
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
    last_order_date = None if orders.last_order is None else time_in(orders.last_order)
    return completed(card, orders.count, last_order_date, spent)
