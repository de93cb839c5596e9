"""Laws of the sections: what a document shows depends neither on the lanes nor on the order of the events."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.orders.events import OrderPlaced
from contracts.payments.events import FundsCaptured
from workers.domain import contexts
from workers.domain.users.card import card
from workers.testing.laws import SectionLaws
from workers.testing.laws.sections import events_of_section, shown_by_lanes


class TestEverySection(SectionLaws):
    contexts = tuple(contexts().values())


@settings(max_examples=100)
@given(data=st.data())
def test_a_user_card_counts_orders_and_adds_up_money(data: st.DataObject) -> None:
    orders, payments = card.sections
    placed = [one for one in events_of_section(orders, data) if isinstance(one.event, OrderPlaced)]
    captured = [one for one in events_of_section(payments, data) if isinstance(one.event, FundsCaptured)]
    shown = shown_by_lanes(card, orders, [placed], {"version": 1})
    assert shown["order_count"] == len(placed)
    assert shown["last_order_date"] == max((one.recorded_at for one in placed), default=None)
    amounts = [one.event.amount for one in captured if isinstance(one.event, FundsCaptured)]
    spent = shown_by_lanes(card, payments, [captured], {"version": 1})["total_spent"]
    assert Decimal(spent) == sum(amounts, Decimal("0.00"))
