"""Ada's account: what she paid in, and what became of the money of three orders. The orders stand beside it, in
contracts/orders/examples.py.
"""

from decimal import Decimal

from contracts.orders.examples import BIG_ORDER_ID, ORDER_ID, UNLUCKY_ORDER_ID
from contracts.payments.commands import CaptureFunds, DepositFunds, ReleaseFunds, ReserveFunds
from contracts.payments.events import FundsCaptured, FundsDeclined, FundsDeposited, FundsReleased, FundsReserved
from contracts.users.examples import USER_ID

_DEPOSIT = Decimal("100.00")
_ORDER = Decimal("34.40")
_BIG_ORDER = Decimal("73.50")
_UNLUCKY_ORDER = Decimal("53.95")

DEPOSIT_FOR_ADA = DepositFunds(user_id=USER_ID, amount=_DEPOSIT, currency="EUR")
RESERVE_FOR_ADAS_ORDER = ReserveFunds(user_id=USER_ID, order_id=ORDER_ID, amount=_ORDER, currency="EUR")
CAPTURE_FOR_ADAS_ORDER = CaptureFunds(user_id=USER_ID, order_id=ORDER_ID)
RESERVE_FOR_ADAS_BIG_ORDER = ReserveFunds(user_id=USER_ID, order_id=BIG_ORDER_ID, amount=_BIG_ORDER, currency="EUR")
RESERVE_FOR_ADAS_UNLUCKY_ORDER = ReserveFunds(user_id=USER_ID, order_id=UNLUCKY_ORDER_ID, amount=_UNLUCKY_ORDER)
RELEASE_FOR_ADAS_UNLUCKY_ORDER = ReleaseFunds(user_id=USER_ID, order_id=UNLUCKY_ORDER_ID)

DEPOSITED_FOR_ADA = FundsDeposited(user_id=USER_ID, amount=_DEPOSIT, currency="EUR")
RESERVED_FOR_ADAS_ORDER = FundsReserved(user_id=USER_ID, order_id=ORDER_ID, amount=_ORDER, currency="EUR")
CAPTURED_FOR_ADAS_ORDER = FundsCaptured(user_id=USER_ID, order_id=ORDER_ID, amount=_ORDER, currency="EUR")
DECLINED_FOR_ADAS_BIG_ORDER = FundsDeclined(
    user_id=USER_ID, order_id=BIG_ORDER_ID, amount=_BIG_ORDER, currency="EUR", reason="InsufficientFunds"
)
RESERVED_FOR_ADAS_UNLUCKY_ORDER = FundsReserved(
    user_id=USER_ID, order_id=UNLUCKY_ORDER_ID, amount=_UNLUCKY_ORDER, currency="EUR"
)
RELEASED_FOR_ADAS_UNLUCKY_ORDER = FundsReleased(
    user_id=USER_ID, order_id=UNLUCKY_ORDER_ID, amount=_UNLUCKY_ORDER, currency="EUR"
)
