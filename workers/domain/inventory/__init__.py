"""The inventory context: its decider and the stock card."""

from contracts.inventory.events import StockDeclined, StockReceived
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
    noun="the stock",
    not_found="StockNotFound",
    routes="workers.gateway.stock",
    loud_when_repeated={
        StockReceived: "a second receipt of the same quantity is more stock",
        StockDeclined: "who asks again waits for an answer again, and by then there may be enough",
    },
    adding_up=frozenset({StockReceived}),
)
