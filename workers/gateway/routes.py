"""The contexts that can be reached over HTTP: a new one adds its module here. Cards that are read most, and pages of
them, are direct reads too.
"""

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from workers.domain.users.card import card as user_card
from workers.gateway import accounts, orders, stock, users
from workers.gateway.backend import Backend
from workers.gateway.direct_reads import DirectCard, DirectPage, DirectRead
from workers.gateway.user_cards import user_tag

Routes = Callable[[Backend], APIRouter]

ROUTES: Sequence[Routes] = (users.routes, orders.routes, accounts.routes, stock.routes)
DIRECT_READS: tuple[DirectRead, ...] = (
    DirectCard("/users/", "/users/{user_id}", user_card, user_tag),
    DirectPage("/users", user_card, "users"),
)
