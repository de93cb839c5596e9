"""Whether an order answers for what is reserved under its id: it will be taken, shipped or given back."""

from workers.core.holding import Holding
from workers.domain.orders.fulfilment.state import MONEY, FulfilmentState, Part

EXPECTED: frozenset[Part] = frozenset({"asked", "in doubt", "reserved"})


def owns(state: FulfilmentState, holding: Holding) -> bool:
    """Only a live order, only for what it asks for; or for what it has asked back and waits for."""
    if holding.context == "payments" and holding.stream_id != state.user_id:
        return False
    if (MONEY if holding.context == "payments" else holding.stream_id) in state.excess:
        return state.status != "stuck"
    if holding.context == "payments":
        is_right = (holding.amount, holding.unit) == (state.total, state.currency)
        part: Part | None = state.funds
    else:
        goods = {each.sku: each for each in state.goods}.get(holding.stream_id)
        is_right = goods is not None and holding.amount == str(goods.quantity)
        part = None if goods is None else goods.part
    if part == "asked back":
        return state.status == "compensate"
    return is_right and part in EXPECTED
