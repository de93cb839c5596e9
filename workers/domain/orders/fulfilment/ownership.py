"""Whether an order owns what is reserved under its id: the saga will take it, ship it or give it back."""

from workers.core.holding import Holding
from workers.domain.orders.fulfilment.state import MONEY, FulfilmentState, Part

EXPECTED: frozenset[Part] = frozenset({"asked", "in doubt", "reserved"})


def owns(state: FulfilmentState, holding: Holding) -> bool:
    """Only a live order, only for what it asks for; or for what it has asked back and waits for."""
    is_money = holding.context == "payments"
    if is_money and holding.stream_id != state.user_id:
        return False
    if (MONEY if is_money else holding.stream_id) in state.excess:
        return state.status != "stuck"
    if is_money:
        is_right = (holding.amount, holding.unit) == (state.total, state.currency)
        part = state.funds
    else:
        is_right = holding.amount in [str(goods.quantity) for goods in state.goods if goods.sku == holding.stream_id]
        part = state.part_of(holding.stream_id)
    if part == "asked back":
        return state.status == "compensate"
    return is_right and part in EXPECTED
