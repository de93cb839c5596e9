"""Commands that another client sends under the order's id, before, between and after the saga's own: only what is about
the order's user, amount, currency, SKU and quantity counts, and only what answers what was asked for.
"""

from decimal import Decimal

import pytest

from contracts.inventory.events import StockDeclined, StockReleased, StockReserved, StockShipped
from contracts.message import Event
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsReleased, FundsReserved
from tests.domain.orders.fulfilment.three_lines import (
    ADA,
    ALL_RESERVED,
    CANCELLED_BY_ADA,
    CAPTURE_FUNDS,
    COMPLETED,
    CONFIRM,
    CONFIRMED,
    DEADLINE,
    FINAL,
    FUNDS_CAPTURED,
    FUNDS_RELEASED,
    FUNDS_RESERVED,
    ORDER,
    OVERDUE,
    PAID,
    PIECES,
    PLACED,
    RELEASE_FUNDS,
    RESERVE_FUNDS,
    SHIPPED,
    cancel,
    no,
    release,
    released,
    reserve,
    reserved,
    ship,
    shipped,
    unchanged,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following

LATE = "the deadline passed"
DIFFERS = "ReservationDiffers"
OTHERWISE = [
    pytest.param({"amount": Decimal("0.01")}, id="amount"),
    pytest.param({"currency": "USD"}, id="currency"),
    pytest.param({"user_id": "bob"}, id="user"),
]


@pytest.mark.parametrize("other", OTHERWISE)
def test_money_that_is_reserved_otherwise_is_not_its_money(other: dict[str, object]) -> None:
    foreign = FUNDS_RESERVED.model_copy(update=other)
    following(fulfilment, PLACED).when(foreign).then_nothing().leaving("reserve_funds")
    following(fulfilment, foreign, PLACED).when(FUNDS_RESERVED).then(*map(reserve, PIECES)).leaving("reserve_stock")


@pytest.mark.parametrize("when", ["before the answer", "after it"])
def test_money_that_is_reserved_otherwise_is_in_its_way_and_is_given_back(when: str) -> None:
    cent = FUNDS_RESERVED.model_copy(update={"amount": Decimal("0.01")})
    history = (PLACED, cent) if when == "before the answer" else (PLACED,)
    refused = following(fulfilment, *history).when(no("reserve_funds", DIFFERS))
    refused.then(RELEASE_FUNDS, cancel(f"funds declined: {DIFFERS}")).clearing(DEADLINE).leaving("compensate")
    gone = FundsReleased(user_id=ADA, order_id=ORDER, amount=Decimal("0.01"), currency="EUR")
    over = following(fulfilment, *history, no("reserve_funds", DIFFERS), CANCELLED_BY_ADA).when(gone)
    over.then_nothing().leaving("cancelled")


def test_money_that_is_reserved_otherwise_after_its_own_rejection_which_is_handled_later_is_given_back() -> None:
    cent = FUNDS_RESERVED.model_copy(update={"amount": Decimal("0.01")})
    refused = following(fulfilment, PLACED, cent).when(no("reserve_funds", "AccountNotFound"))
    refused.then(RELEASE_FUNDS, cancel("funds declined: AccountNotFound")).leaving("compensate")
    older = following(fulfilment, PLACED, cent).when(unchanged("reserve_funds"))
    older.then(RESERVE_FUNDS).leaving("reserve_funds")
    given_up = following(fulfilment, PLACED, cent, CANCELLED_BY_ADA).when(unchanged("reserve_funds"))
    given_up.then(RELEASE_FUNDS).leaving("compensate")


@pytest.mark.parametrize("quantity", [1, 3])
def test_goods_that_are_reserved_otherwise_are_in_its_way_and_are_given_back(quantity: int) -> None:
    other = StockReserved(sku="tea", order_id=ORDER, quantity=quantity)
    history = (*PAID, reserved("pot"), reserved("cup"))
    following(fulfilment, *history).when(other).then_nothing().leaving("reserve_stock")
    refused = following(fulfilment, *history, other).when(no("reserve_stock", DIFFERS, to="tea"))
    refused.then(*map(release, PIECES), RELEASE_FUNDS, cancel(f"stock of tea declined: {DIFFERS}"))


def test_goods_that_it_does_not_have_are_none_of_its_goods() -> None:
    for event in (
        StockReserved(sku="gold", order_id=ORDER, quantity=1),
        StockDeclined(sku="gold", order_id=ORDER, quantity=1, reason="InsufficientStock"),
        StockReleased(sku="gold", order_id=ORDER, quantity=1),
        StockShipped(sku="gold", order_id=ORDER, quantity=1),
    ):
        following(fulfilment, *PAID).when(event).then_nothing().leaving("reserve_stock")


def test_a_decline_of_something_else_is_not_its_decline() -> None:
    richer = FundsDeclined(
        user_id=ADA, order_id=ORDER, amount=Decimal(9999), currency="EUR", reason="InsufficientFunds"
    )
    for event in (richer, richer.model_copy(update={"user_id": "bob", "amount": Decimal("60.00")})):
        following(fulfilment, PLACED).when(event).then_nothing().leaving("reserve_funds")
    more = StockDeclined(sku="tea", order_id=ORDER, quantity=999, reason="InsufficientStock")
    following(fulfilment, *PAID).when(more).then_nothing().leaving("reserve_stock")


def test_what_is_reserved_already_exactly_as_it_asks_for_is_its_own() -> None:
    before = (FUNDS_RESERVED, reserved("tea"))
    following(fulfilment, *before).when(PLACED).then(RESERVE_FUNDS).leaving("reserve_funds")
    paid = following(fulfilment, *before, PLACED).when(unchanged("reserve_funds"))
    paid.then(*map(reserve, PIECES)).leaving("reserve_stock")
    history = (*before, PLACED, unchanged("reserve_funds"), reserved("pot"), reserved("cup"))
    following(fulfilment, *history).when(unchanged("reserve_stock", to="tea")).then(CONFIRM).leaving("confirm")


def test_what_is_reserved_already_is_given_back_when_the_order_is_given_up_meanwhile() -> None:
    late = following(fulfilment, PLACED, OVERDUE, CANCELLED_BY_ADA).when(unchanged("reserve_funds"))
    late.then(RELEASE_FUNDS).leaving("compensate")


def test_what_was_reserved_when_it_asked_and_is_gone_now_is_asked_for_again() -> None:
    gone = (FUNDS_RESERVED, PLACED, FUNDS_RELEASED)
    again = following(fulfilment, *gone).when(unchanged("reserve_funds"))
    again.then(RESERVE_FUNDS).leaving("reserve_funds")
    following(fulfilment, *gone, unchanged("reserve_funds")).when(FUNDS_RESERVED).then(*map(reserve, PIECES))
    following(fulfilment, *gone, OVERDUE, CANCELLED_BY_ADA).when(unchanged("reserve_funds")).leaving("cancelled")
    stock = following(fulfilment, *PAID, released("tea")).when(unchanged("reserve_stock", to="tea"))
    stock.then(reserve("tea")).leaving("reserve_stock")


def test_a_confirmation_or_cancellation_that_was_there_already_is_an_answer() -> None:
    following(fulfilment, *ALL_RESERVED).when(unchanged("confirm", to=ORDER)).then(CAPTURE_FUNDS)
    following(fulfilment, *ALL_RESERVED, unchanged("confirm", to=ORDER)).when(CONFIRMED).then_nothing()
    late = following(fulfilment, *ALL_RESERVED, OVERDUE).when(unchanged("cancel", to=ORDER))
    late.then(*map(release, PIECES), RELEASE_FUNDS).leaving("compensate")


@pytest.mark.parametrize("gone", [FUNDS_RELEASED, released("tea")], ids=["money", "goods"])
def test_what_another_client_releases_cannot_be_had(gone: Event) -> None:
    released_parts = "the funds were" if gone == FUNDS_RELEASED else "the stock of tea was"
    reason = f"{released_parts} released by somebody else"
    early = following(fulfilment, *PAID, reserved("tea")).when(gone)
    rest = (RELEASE_FUNDS,) if gone == released("tea") else (release("tea"),)
    early.then(*rest, cancel(reason)).leaving("compensate")
    following(fulfilment, *ALL_RESERVED).when(gone).then(cancel(reason)).waiting_for_answer(60).leaving("confirm")
    stuck = following(fulfilment, *ALL_RESERVED, gone).when(CONFIRMED)
    stuck.then().clearing(DEADLINE).waiting_for_no_answer().leaving("stuck")
    again = FUNDS_RESERVED if gone == FUNDS_RELEASED else reserved("tea")
    following(fulfilment, *ALL_RESERVED, gone, CONFIRMED).when(again).then(CAPTURE_FUNDS).leaving("capture_funds")


@pytest.mark.parametrize("part", ["money", "goods"])
def test_what_was_released_and_is_reserved_again_while_its_confirmation_is_under_way_is_its_own(part: str) -> None:
    """Another client reserved it first and released it; its own command came only then, and reserved afresh."""
    gone, again = (FUNDS_RELEASED, FUNDS_RESERVED) if part == "money" else (released("tea"), reserved("tea"))
    back = following(fulfilment, *ALL_RESERVED, gone).when(again)
    back.then_nothing().leaving("confirm")
    confirmed = following(fulfilment, *ALL_RESERVED, gone, again).when(CONFIRMED)
    confirmed.then(CAPTURE_FUNDS).clearing(DEADLINE).waiting_for_answer(60).leaving("capture_funds")
    cancelled = following(fulfilment, *ALL_RESERVED, gone, again).when(CANCELLED_BY_ADA)
    cancelled.then(*map(release, PIECES), RELEASE_FUNDS).clearing(DEADLINE).leaving("compensate")


def test_something_else_that_is_reserved_again_while_its_confirmation_is_under_way_is_not_its_own() -> None:
    cent = FUNDS_RESERVED.model_copy(update={"amount": Decimal("0.01")})
    history = (*ALL_RESERVED, FUNDS_RELEASED, cent)
    following(fulfilment, *history).when(CONFIRMED).then().clearing(DEADLINE).leaving("stuck")
    following(fulfilment, *history).when(CANCELLED_BY_ADA).then(*map(release, PIECES), RELEASE_FUNDS)


def test_goods_of_a_paid_order_that_another_client_releases_are_for_a_person_until_they_are_there_again() -> None:
    following(fulfilment, *COMPLETED).when(released("pot")).then_nothing().leaving("stuck")
    following(fulfilment, *COMPLETED, released("pot")).when(reserved("pot")).then().leaving("completed")
    back = following(fulfilment, *COMPLETED, SHIPPED, shipped("tea"), released("pot")).when(reserved("pot"))
    back.then(ship("pot"), ship("cup")).leaving("ship_stock")


@pytest.mark.parametrize("other", OTHERWISE)
def test_a_capture_of_something_else_does_not_pay_for_it(other: dict[str, object]) -> None:
    foreign = FUNDS_CAPTURED.model_copy(update=other)
    following(fulfilment, *FINAL).when(foreign).then_nothing()
    assert following(fulfilment, *FINAL).when(foreign).status != "completed"


def test_a_capture_by_another_client_of_exactly_its_money_pays_for_it() -> None:
    captured = following(fulfilment, *ALL_RESERVED, FUNDS_CAPTURED).when(CONFIRMED)
    captured.then().clearing(DEADLINE).leaving("completed")
    refused = following(fulfilment, *COMPLETED).when(no("capture_funds", "ReservationNotFound"))
    refused.then_nothing().leaving("completed")


def test_money_or_goods_that_another_client_took_of_a_cancelled_order_are_for_a_person() -> None:
    for payment_or_shipment in (FUNDS_CAPTURED, shipped("tea")):
        history = (*PAID, reserved("tea"), payment_or_shipment, CANCELLED_BY_ADA)
        rest = [reservation for reservation in (*map(reserved, PIECES),) if reservation.sku != "tea"]
        answers = [*rest, *map(released, PIECES), FUNDS_RELEASED]
        following(fulfilment, *history).when(*answers).leaving("stuck")


def test_what_is_reserved_again_after_it_was_taken_is_given_back() -> None:
    again = following(fulfilment, *COMPLETED).when(FUNDS_RESERVED)
    again.then(RELEASE_FUNDS).waiting_for_answer(60).leaving("completed")
    gone = (*COMPLETED, SHIPPED, *map(shipped, PIECES))
    once_more = following(fulfilment, *gone).when(reserved("tea"))
    once_more.then(release("tea")).waiting_for_answer(60).leaving("shipped")


def test_once_it_is_gone_nothing_is_waited_for() -> None:
    again = (
        FUNDS_RELEASED,
        FundsCaptured(user_id=ADA, order_id=ORDER, amount=Decimal(1), currency="EUR"),
        no("release_funds", "ReservationNotFound"),
    )
    for answer in again:
        over = following(fulfilment, *COMPLETED, FUNDS_RESERVED).when(answer)
        over.then_nothing().waiting_for_no_answer().leaving("completed")
    gone = (*COMPLETED, SHIPPED, *map(shipped, PIECES), reserved("tea"))
    following(fulfilment, *gone).when(released("tea")).then_nothing().waiting_for_no_answer().leaving("shipped")


def test_what_is_reserved_after_it_is_over_is_given_back_whatever_it_is() -> None:
    over = (PLACED, CANCELLED_BY_ADA, no("reserve_funds", "AccountNotFound"))
    following(fulfilment, *over[:-1]).when(over[-1]).leaving("cancelled")
    cent = FundsReserved(user_id=ADA, order_id=ORDER, amount=Decimal("0.01"), currency="EUR")
    following(fulfilment, *over).when(cent).then(RELEASE_FUNDS).waiting_for_answer(60).leaving("compensate")
