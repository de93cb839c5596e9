"""The commands of the payments context. The stream is one user's account, in the currency of its first deposit."""

from contracts.fields import Identifier
from contracts.message import Command
from contracts.money import Amount, Currency
from contracts.payments.stream import AccountStream


class DepositFunds(Command, AccountStream):
    """Pay money in; the first deposit opens the account. Rejections: CurrencyMismatch."""

    amount: Amount
    currency: Currency


class ReserveFunds(Command, AccountStream):
    """Set money aside for an order, or decline; quiet when exactly this is reserved already. Rejections:
    AccountNotFound, ReservationDiffers.

    Without a currency the amount is in that of the account.
    """

    order_id: Identifier
    amount: Amount
    currency: Currency | None = None


class ReleaseFunds(Command, AccountStream):
    """Give up what is reserved for an order. Rejections: AccountNotFound, ReservationNotFound."""

    order_id: Identifier


class CaptureFunds(Command, AccountStream):
    """Take what is reserved for an order. Rejections: AccountNotFound, ReservationNotFound."""

    order_id: Identifier


PaymentCommand = DepositFunds | ReserveFunds | ReleaseFunds | CaptureFunds
