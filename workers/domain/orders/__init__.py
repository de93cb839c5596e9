"""The orders context: its states, its decider, the order card and what can be undone."""

from workers.core.context import Context
from workers.domain.orders.access import access
from workers.domain.orders.analytics import analytics
from workers.domain.orders.card import card as order_card
from workers.domain.orders.closing import closing
from workers.domain.orders.decider import decider as order_decider
from workers.domain.orders.fulfilment import fulfilment
from workers.domain.orders.states import diagram
from workers.domain.orders.undo import undo

context = Context(
    "orders",
    order_decider,
    projections=(order_card,),
    sagas=(fulfilment, closing),
    undo=undo,
    diagram=diagram,
    access=access,
    analytics=analytics,
    noun="the order",
    not_found="OrderNotFound",
    statuses={"EmptyOrder": 422},
    routes="workers.gateway.orders",
)
