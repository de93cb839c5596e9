"""Whatever is asked of an account, in whatever order: no cent appears or is lost, and none is promised twice.

What should be is reckoned here in whole cents from the events, by another way than the decider and the card go.
"""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.payments.commands import CaptureFunds, DepositFunds, PaymentCommand, ReleaseFunds, ReserveFunds
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsDeposited, FundsReleased, FundsReserved
from workers.domain import contexts
from workers.domain.payments.card import card
from workers.domain.payments.decider import AccountState
from workers.testing.scenarios import document_after
from workers.testing.walks import Stride, walk

PAYMENTS = contexts()["payments"]
ada = st.just("ada")
orders = st.sampled_from(["tea", "teapot", "sugar"])
# Most amounts are small, so that they meet; some have all the digits that there are.
amounts = (st.integers(1, 500) | st.integers(1, 10**22 - 1)).map(lambda cents: Decimal(cents).scaleb(-2))
euros = st.sampled_from(["EUR", "EUR", "EUR", "USD"])
commands: st.SearchStrategy[PaymentCommand] = st.one_of(
    st.builds(DepositFunds, user_id=ada, amount=amounts, currency=euros),
    st.builds(ReserveFunds, user_id=ada, order_id=orders, amount=amounts, currency=euros),
    st.builds(ReserveFunds, user_id=ada, order_id=orders, amount=amounts),
    st.builds(ReleaseFunds, user_id=ada, order_id=orders),
    st.builds(CaptureFunds, user_id=ada, order_id=orders),
)
histories = st.lists(commands, max_size=25).map(lambda asked: walk(PAYMENTS, list(asked)))


def _cents(amount: Decimal | str) -> int:
    return int(str(amount).replace(".", ""))


class Ledger:
    """The account in whole cents, by its events."""

    def __init__(self, strides: list[Stride]) -> None:
        self.deposited = self.captured = 0
        self.open: dict[str, int] = {}
        for stride in strides:
            for event in stride.events:
                match event:
                    case FundsDeposited():
                        self.deposited += _cents(event.amount)
                    case FundsReserved():
                        assert event.order_id not in self.open, "reserved twice"
                        self.open[event.order_id] = _cents(event.amount)
                    case FundsReleased():
                        assert self.open.pop(event.order_id) == _cents(event.amount)
                    case FundsCaptured():
                        assert self.open.pop(event.order_id) == _cents(event.amount)
                        self.captured += _cents(event.amount)
                    case _:
                        assert isinstance(event, FundsDeclined)

    @property
    def balance(self) -> int:
        return self.deposited - self.captured

    @property
    def reserved(self) -> int:
        return sum(self.open.values())


@settings(max_examples=200)
@given(histories)
def test_in_the_decider(strides: list[Stride]) -> None:
    for count, stride in enumerate(strides, start=1):
        ledger = Ledger(strides[:count])
        state: AccountState = stride.after
        assert _cents(state.balance) == ledger.balance
        assert _cents(state.reserved) == ledger.reserved
        assert {order: _cents(amount) for order, amount in state.reservations.items()} == ledger.open
        assert state.available >= 0


@settings(max_examples=200)
@given(histories)
def test_on_the_card(strides: list[Stride]) -> None:
    ledger = Ledger(strides)
    document = document_after(card, *(event for stride in strides for event in stride.events))
    if document is None:
        assert ledger.deposited == 0
        return
    shown = {field: _cents(document[field]) for field in ("balance", "reserved", "available", "captured")}
    assert shown == {
        "balance": ledger.balance,
        "reserved": ledger.reserved,
        "available": ledger.balance - ledger.reserved,
        "captured": ledger.captured,
    }


@settings(max_examples=200)
@given(histories)
def test_with_a_decline_exactly_when_there_is_too_little_or_another_currency(strides: list[Stride]) -> None:
    for stride in strides:
        for event in stride.events:
            if isinstance(event, FundsDeclined):
                foreign = event.currency != stride.before.currency
                assert event.reason == ("CurrencyMismatch" if foreign else "InsufficientFunds")
                assert foreign or event.amount > stride.before.available
            if isinstance(event, FundsReserved):
                assert event.amount <= stride.before.available
