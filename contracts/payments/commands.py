"""What may be asked of the payments context. The stream is one user's account, in the currency of its first deposit."""

from typing import ClassVar

from contracts.fields import Identifier
from contracts.message import Command
from contracts.money import Amount, Currency


class DepositFunds(Command):
    """Pay money in; the first deposit opens the account. Rejection: CurrencyMismatch."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    amount: Amount
    currency: Currency


class ReserveFunds(Command):
    """Set money aside for an order, or decline; quiet when exactly this is reserved already. Rejections:
    AccountNotFound, ReservationDiffers.

    Without a currency the amount is in that of the account.
    """

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier
    amount: Amount
    currency: Currency | None = None


class ReleaseFunds(Command):
    """Give up what is reserved for an order. Rejections: AccountNotFound, ReservationNotFound."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier


class CaptureFunds(Command):
    """Take what is reserved for an order. Rejections: AccountNotFound, ReservationNotFound."""

    stream_field: ClassVar[str] = "user_id"

    user_id: Identifier
    order_id: Identifier


PaymentCommand = DepositFunds | ReserveFunds | ReleaseFunds | CaptureFunds
