"""An order that is paid, confirmed and shipped."""

from decimal import Decimal

from contracts.inventory.commands import ReserveStock, ShipStock
from contracts.inventory.events import StockReserved
from contracts.orders.events import OrderPlaced
from contracts.orders.lines import OrderLine
from contracts.payments.commands import ReserveFunds
from tests.domain.orders.fulfilment.three_lines import (
    ADA,
    ALL_RESERVED,
    CAPTURE_FUNDS,
    COMPLETED,
    CONFIRM,
    CONFIRMED,
    DEADLINE,
    FINAL,
    FUNDS_CAPTURED,
    FUNDS_RESERVED,
    ORDER,
    OVERDUE,
    PAID,
    PIECES,
    PLACED,
    RESERVE_FUNDS,
    SHIPPED,
    reserve,
    reserved,
    ship,
    shipped,
)
from workers.domain.orders.fulfilment import fulfilment
from workers.testing.processes import following

SPLIT = OrderPlaced(
    order_id=ORDER,
    user_id=ADA,
    lines=(
        OrderLine(sku="tea", quantity=2, unit_price=Decimal("5.00")),
        OrderLine(sku="pot", quantity=1, unit_price=Decimal("20.00")),
        OrderLine(sku="tea", quantity=3, unit_price=Decimal("4.00")),
    ),
    currency="EUR",
    total=Decimal("42.00"),
    confirm_within_seconds=90,
)


def test_its_money_is_asked_for_first_and_it_has_thirty_seconds() -> None:
    placed = following(fulfilment).when(PLACED)
    placed.then(RESERVE_FUNDS).setting(DEADLINE, 30).leaving("reserve_funds")


def test_it_has_as_long_as_it_says_itself() -> None:
    following(fulfilment).when(SPLIT).setting(DEADLINE, 90)


def test_all_its_goods_are_asked_for_when_the_money_is_there() -> None:
    paid = following(fulfilment, PLACED).when(FUNDS_RESERVED)
    paid.then(*map(reserve, PIECES)).touching_no_deadline().leaving("reserve_stock")


def test_it_is_confirmed_when_the_last_of_its_goods_is_there_whichever_that_is() -> None:
    following(fulfilment, *PAID).when(reserved("cup"), reserved("tea")).then_nothing().leaving("reserve_stock")
    last = following(fulfilment, *PAID, reserved("cup"), reserved("tea")).when(reserved("pot"))
    last.then(CONFIRM).touching_no_deadline().leaving("confirm")


def test_its_money_is_captured_only_after_its_confirmation() -> None:
    confirmed = following(fulfilment, *ALL_RESERVED).when(CONFIRMED)
    confirmed.then(CAPTURE_FUNDS).clearing(DEADLINE).leaving("capture_funds")
    following(fulfilment, *FINAL).when(FUNDS_CAPTURED).then_nothing().leaving("completed")


def test_its_goods_leave_when_it_is_shipped() -> None:
    following(fulfilment, *COMPLETED).when(SHIPPED).then(*map(ship, PIECES)).leaving("ship_stock")
    following(fulfilment, *COMPLETED, SHIPPED).when(shipped("pot"), shipped("tea")).leaving("ship_stock")
    all_gone = following(fulfilment, *COMPLETED, SHIPPED, shipped("pot"), shipped("tea")).when(shipped("cup"))
    all_gone.then_nothing().leaving("shipped")


def test_it_may_be_shipped_before_its_money_is_captured() -> None:
    early = following(fulfilment, *FINAL).when(SHIPPED, *map(shipped, PIECES))
    early.then(*map(ship, PIECES)).leaving("ship_stock")
    following(fulfilment, *FINAL, SHIPPED, *map(shipped, PIECES)).when(FUNDS_CAPTURED).leaving("shipped")


def test_its_deadline_means_nothing_once_it_is_confirmed() -> None:
    for history, status in ((FINAL, "capture_funds"), (COMPLETED, "completed")):
        following(fulfilment, *history).when(OVERDUE).then_nothing().leaving(status)


def test_two_lines_of_one_article_are_reserved_and_shipped_as_one() -> None:
    following(fulfilment).when(SPLIT).then(
        ReserveFunds(user_id=ADA, order_id=ORDER, amount=Decimal("42.00"), currency="EUR")
    )
    tea, pot = (StockReserved(sku=sku, order_id=ORDER, quantity=pieces) for sku, pieces in (("tea", 5), ("pot", 1)))
    total = {"amount": Decimal("42.00")}
    paid, captured = FUNDS_RESERVED.model_copy(update=total), FUNDS_CAPTURED.model_copy(update=total)
    following(fulfilment, SPLIT).when(paid).then(
        ReserveStock(sku="tea", order_id=ORDER, quantity=5), ReserveStock(sku="pot", order_id=ORDER, quantity=1)
    )
    following(fulfilment, SPLIT, paid).when(tea, pot).then(CONFIRM)
    following(fulfilment, SPLIT, paid, tea, pot, CONFIRMED, captured).when(SHIPPED).then(
        ShipStock(sku="tea", order_id=ORDER), ShipStock(sku="pot", order_id=ORDER)
    )
