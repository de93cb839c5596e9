"""Wire types are stored with events, commands, outcomes and journals, for ever. So none changes or goes because a
class or a file moves. A new message, or a new version of one, adds a line here.
"""

from contracts.catalogue import catalogue
from workers.saga.internal_events import INTERNAL_EVENTS

COMMANDS = {
    "inventory.ReceiveStock.v1",
    "inventory.ReleaseStock.v1",
    "inventory.ReserveStock.v1",
    "inventory.ShipStock.v1",
    "orders.CancelOrder.v1",
    "orders.ConfirmOrder.v1",
    "orders.DeliverOrder.v1",
    "orders.PlaceOrder.v1",
    "orders.ShipOrder.v1",
    "payments.CaptureFunds.v1",
    "payments.DepositFunds.v1",
    "payments.ReleaseFunds.v1",
    "payments.ReserveFunds.v1",
    "users.ChangePassword.v1",
    "users.CreateUser.v1",
    "users.DeleteUser.v1",
    "users.UpdateUser.v1",
    "users.WelcomeUser.v1",
}
EVENTS = {
    "inventory.StockDeclined.v1",
    "inventory.StockReceived.v1",
    "inventory.StockReleased.v1",
    "inventory.StockReserved.v1",
    "inventory.StockShipped.v1",
    "orders.OrderCancelled.v1",
    "orders.OrderConfirmed.v1",
    "orders.OrderDelivered.v1",
    "orders.OrderPlaced.v1",
    "orders.OrderShipped.v1",
    "payments.FundsCaptured.v1",
    "payments.FundsDeclined.v1",
    "payments.FundsDeposited.v1",
    "payments.FundsReleased.v1",
    "payments.FundsReserved.v1",
    "users.PasswordChanged.v1",
    "users.UserCreated.v1",
    "users.UserCreated.v2",
    "users.UserDeleted.v1",
    "users.UserUpdated.v1",
    "users.UserWelcomed.v1",
}
IN_JOURNALS_OF_SAGAS = {
    "core.DeadlinePassed.v1",
    "core.StepRejected.v1",
    "core.StepUnchanged.v1",
}


def test_of_commands_are_these() -> None:
    assert catalogue().commands.keys() == COMMANDS


def test_of_events_are_these() -> None:
    assert catalogue().events.keys() == EVENTS


def test_of_internal_events_are_these() -> None:
    assert INTERNAL_EVENTS.keys() == IN_JOURNALS_OF_SAGAS
