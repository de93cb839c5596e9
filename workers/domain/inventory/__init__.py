"""The inventory context: its decider and the stock card."""

from workers.core.context import Context
from workers.domain.inventory.access import access
from workers.domain.inventory.analytics import analytics
from workers.domain.inventory.card import card as stock_card
from workers.domain.inventory.decider import decider as stock_decider
from workers.domain.inventory.holdings import holdings

context = Context(
    "inventory",
    stock_decider,
    projections=(stock_card,),
    holdings=holdings,
    access=access,
    analytics=analytics,
)
