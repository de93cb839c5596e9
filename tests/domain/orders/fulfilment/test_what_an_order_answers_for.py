"""What is kept under an order's id is the order's own as long as its fulfilment will take it, ship it or give it back.
Anything else is kept for no order, which a verification reports.
"""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from contracts.message import Event
from tests.domain.orders.fulfilment.three_lines import (
    ADA,
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    COMPLETED,
    FINAL,
    FUNDS_CAPTURED,
    FUNDS_DECLINED,
    FUNDS_RELEASED,
    FUNDS_RESERVED,
    ORDER,
    PAID,
    PIECES,
    PLACED,
    SHIPPED,
    no,
    released,
    reserved,
    shipped,
)
from workers.core.answers import ANSWER, MAX_REPEATS
from workers.core.folding import fold
from workers.core.holding import Holding
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import passed
from workers.testing.scenarios import recorded

MONEY = Holding("payments", ADA, ORDER, "60.00", "EUR", "ReleaseFunds")
TEA = Holding("inventory", "tea", ORDER, str(PIECES["tea"]), "pieces", "ReleaseStock")
IN_VAIN = (passed(ORDER, ANSWER),) * (MAX_REPEATS + 1)
OF_ANOTHER_KIND = [
    pytest.param(MONEY._replace(amount="60.01"), id="amount"),
    pytest.param(MONEY._replace(unit="USD"), id="currency"),
    pytest.param(MONEY._replace(stream_id="bob"), id="user"),
    pytest.param(TEA._replace(amount="3"), id="pieces"),
    pytest.param(TEA._replace(stream_id="gold"), id="SKU"),
]


def owned(history: Sequence[Event], holding: Holding) -> bool:
    assert fulfilment.owns is not None
    return fulfilment.owns(fold(fulfilment, recorded(*history)), holding)


@pytest.mark.parametrize("history", [(), (FUNDS_RESERVED, reserved("tea"))], ids=["nothing", "reservations"])
def test_nothing_before_it_is_placed(history: Sequence[Event]) -> None:
    assert not owned(history, MONEY)
    assert not owned(history, TEA)


def test_its_money_from_the_question_for_it_until_it_is_taken() -> None:
    for history in ((PLACED,), (FUNDS_RESERVED, PLACED, FUNDS_RELEASED), PAID, ALL_RESERVED, FINAL):
        assert owned(history, MONEY)
    assert not owned(COMPLETED, MONEY), "it was taken: what is there now is something else"
    assert not owned((PLACED, FUNDS_DECLINED), MONEY)


def test_its_goods_from_the_question_for_them_until_they_leave() -> None:
    assert not owned((PLACED,), TEA), "its money comes first"
    for history in (PAID, (*PAID, released("tea")), ALL_RESERVED, FINAL, COMPLETED, (*COMPLETED, SHIPPED)):
        assert owned(history, TEA)
    assert not owned((*COMPLETED, SHIPPED, shipped("tea")), TEA)


@pytest.mark.parametrize("other", OF_ANOTHER_KIND)
def test_only_for_exactly_what_it_asks_for(other: Holding) -> None:
    for history in (PAID, ALL_RESERVED, FINAL):
        assert not owned(history, other)


def test_not_for_what_stands_in_the_way_of_what_it_asks_for() -> None:
    cent = FUNDS_RESERVED.model_copy(update={"amount": Decimal("0.01")})
    assert not owned((PLACED, cent), MONEY)


@pytest.mark.parametrize("kept", [MONEY, TEA, MONEY._replace(amount="0.01"), TEA._replace(amount="1")])
def test_for_what_it_has_asked_back_whatever_it_is_as_long_as_it_waits_for_it(kept: Holding) -> None:
    given_up = (*ALL_RESERVED, CANCELLED_BY_ADA)
    assert owned(given_up, kept)
    assert not owned((*given_up, *IN_VAIN), kept), "it is stuck: a person has to look"


def test_not_for_what_it_has_asked_back_once_all_is_given_back() -> None:
    over = (*ALL_RESERVED, CANCELLED_BY_ADA, *map(released, PIECES), FUNDS_RELEASED)
    assert not owned(over, MONEY)
    assert not owned(over, TEA)


def test_for_what_was_reserved_again_after_it_was_taken_until_it_is_gone() -> None:
    twice = (*COMPLETED, FUNDS_RESERVED)
    assert owned(twice, MONEY)
    assert owned(twice, MONEY._replace(amount="0.01")), "whatever it is, it is asked back"
    assert not owned(twice, MONEY._replace(stream_id="bob")), "it asks its own user's money back, and no other's"
    assert not owned((*twice, *IN_VAIN), MONEY), "it is stuck: a person has to look"
    assert not owned((*twice, FUNDS_RELEASED), MONEY)
    gone = (*COMPLETED, SHIPPED, *map(shipped, PIECES), reserved("tea"))
    assert owned(gone, TEA)
    assert not owned(gone, TEA._replace(stream_id="pot")), "only the tea was reserved again"
    assert not owned(gone, MONEY)
    assert not owned((*gone, no("release_stock", "ReservationNotFound", to="tea")), TEA)


def test_for_goods_of_an_order_whose_money_could_not_be_taken_yet() -> None:
    stuck = (*FINAL, no("capture_funds", "HandlerFailed"))
    assert owned(stuck, MONEY)
    assert owned(stuck, TEA)
    assert not owned((*stuck, FUNDS_CAPTURED), MONEY)
