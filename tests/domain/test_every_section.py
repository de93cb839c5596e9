"""Laws of the sections: what a document shows depends neither on the lanes nor on the order of the events."""

from collections import defaultdict
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.orders.events import OrderPlaced
from contracts.payments.events import FundsCaptured
from workers.core.projection import Document, Projection, Section
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.domain.users.card import card
from workers.testing.scenarios import recorded
from workers.testing.walks import walks

every_section = pytest.mark.parametrize(
    ("projection", "section"),
    [
        pytest.param(projection, section, id=f"{projection.name}-{section.name}")
        for context in contexts().values()
        for projection in context.projections
        for section in projection.sections
    ],
)


def _events(section: Section, data: st.DataObject) -> list[Recorded]:
    strides = data.draw(walks(contexts()[section.context]))
    events = [event for stride in strides for event in stride.events]
    return [one for one in recorded(*events) if type(one.event) in section.reacts_to]


def _shown(projection: Projection, section: Section, lanes: list[list[Recorded]], document: Document) -> Document:
    assert projection.complete is not None
    values = []
    for lane in lanes:
        value: Document | None = None
        for event in lane:
            value = section.evolve(value, event)
        if value is not None:
            values.append(value)
    return projection.complete(document, {section.name: values})


@every_section
@settings(max_examples=100)
@given(data=st.data())
def test_in_any_order_and_on_any_lanes(projection: Projection, section: Section, data: st.DataObject) -> None:
    events = _events(section, data)
    by_document: defaultdict[str, list[Recorded]] = defaultdict(list)
    for event in events:
        by_document[section.document_id(event.event)].append(event)
    chance = Random(data.draw(st.integers(0, 1_000_000)))
    for of_document in by_document.values():
        shuffled = chance.sample(of_document, len(of_document))
        lanes: list[list[Recorded]] = [[], [], []]
        for event in shuffled:
            chance.choice(lanes).append(event)
        document: Document = {"version": 1}
        assert _shown(projection, section, lanes, document) == _shown(projection, section, [of_document], document)


@settings(max_examples=100)
@given(data=st.data())
def test_a_user_card_counts_orders_and_adds_up_money(data: st.DataObject) -> None:
    orders, payments = card.sections
    placed = [one for one in _events(orders, data) if isinstance(one.event, OrderPlaced)]
    captured = [one for one in _events(payments, data) if isinstance(one.event, FundsCaptured)]
    shown = _shown(card, orders, [placed], {"version": 1})
    assert shown["order_count"] == len(placed)
    assert shown["last_order_date"] == max((one.recorded_at for one in placed), default=None)
    amounts = [one.event.amount for one in captured if isinstance(one.event, FundsCaptured)]
    spent = _shown(card, payments, [captured], {"version": 1})["total_spent"]
    assert Decimal(spent) == sum(amounts, Decimal("0.00"))
