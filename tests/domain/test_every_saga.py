"""Laws of the sagas of every context: whichever events they get, in any order."""

from typing import ClassVar

from contracts.inventory.commands import ReleaseStock, ShipStock
from contracts.orders.commands import CancelOrder
from contracts.payments.commands import ReleaseFunds
from workers.domain import contexts
from workers.testing.laws import SagaLaws


class TestEverySaga(SagaLaws):
    contexts = tuple(contexts().values())
    still_asked_for: ClassVar = {
        # A context that was away gives what no caller waits for any more; a completed order is shipped.
        "fulfilment": {ReleaseFunds, ReleaseStock, ShipStock},
        # An order may be placed for a user who was deleted a moment ago.
        "account closing": {CancelOrder},
    }


def test_has_a_name_of_its_own() -> None:
    names = [saga.name for context in contexts().values() for saga in context.sagas]
    assert len(set(names)) == len(names)
