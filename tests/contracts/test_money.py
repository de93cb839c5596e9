"""Money in messages."""

from decimal import Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.money import EXACT, MAX_AMOUNT_DIGITS, in_cents, written
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds

MOST = 10 ** (MAX_AMOUNT_DIGITS + 2) - 1
amounts = st.integers(1, MOST).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")


def _deposit(amount: object) -> DepositFunds:
    return DepositFunds.model_validate({"user_id": "ada", "amount": amount, "currency": "EUR"})


@given(amounts)
def test_is_written_as_it_was_read_to_the_last_cent(text: str) -> None:
    deposit = _deposit(text)
    assert str(deposit.amount) == written(deposit.amount) == text
    assert f'"amount":"{text}"' in deposit.to_json().decode()


@pytest.mark.parametrize(("given_as", "text"), [("5", "5.00"), ("0.5", "0.50"), (Decimal("5E+1"), "50.00")])
def test_is_written_with_two_places_however_it_is_given(given_as: object, text: str) -> None:
    assert str(_deposit(given_as).amount) == text


@pytest.mark.parametrize(
    "amount",
    [
        *(
            "",
            "0",
            "0.00",
            "-1",
            "+1",
            "1,50",
            "1.",
            ".5",
            "1.999",
            "01",
            "1e3",
            " 1",
            "1\n",
            "١",
            "NaN",
            "1" * 21,
            "£1",
        ),
        *(Decimal("0.001"), Decimal("NaN"), Decimal("Infinity"), Decimal("1E+20"), Decimal(-1)),
        *(5, 5.0, True, None),
    ],
    ids=repr,
)
def test_is_refused_when_it_is_no_amount(amount: object) -> None:
    with pytest.raises(ValidationError) as rejection:
        _deposit(amount)
    assert {error["loc"] for error in rejection.value.errors()} == {("amount",)}


def test_is_refused_as_a_json_number_with_the_advice_to_quote_it() -> None:
    with pytest.raises(ValidationError, match="in quotes"):
        DepositFunds.model_validate_json('{"user_id": "ada", "amount": 19.90, "currency": "EUR"}')


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€", "EU1", "EUR\n"])
def test_has_a_currency_in_three_capitals(currency: str) -> None:
    with pytest.raises(ValidationError, match="currency"):
        DepositFunds(user_id="ada", amount=Decimal(1), currency=currency)


def test_of_one_piece_has_ten_digits_at_most() -> None:
    assert OrderLine(sku="tea", quantity=1, unit_price=Decimal("9999999999.99"))
    with pytest.raises(ValidationError, match="unit_price"):
        OrderLine(sku="tea", quantity=1, unit_price=Decimal(10_000_000_000))


@given(st.lists(st.integers(0, MOST), max_size=20), st.integers(1, 5))
def test_adds_up_exactly_whatever_precision_the_program_computes_with(cents: list[int], digits: int) -> None:
    with localcontext(Context(prec=digits)):
        total = Decimal(0)
        for amount in cents:
            total = EXACT.add(total, EXACT.scaleb(Decimal(amount), -2))
        assert written(total) == f"{sum(cents) // 100}.{sum(cents) % 100:02d}"


def test_is_never_rounded_in_silence() -> None:
    for value in ("0.001", "1.999"):
        with pytest.raises(Inexact):
            in_cents(Decimal(value))
        with pytest.raises(Inexact):
            written(Decimal(value))
