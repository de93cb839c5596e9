"""Whatever is asked of a SKU, in whatever order: no piece appears or is lost, and none is promised twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.inventory.commands import InventoryCommand, ReceiveStock, ReleaseStock, ReserveStock, ShipStock
from contracts.inventory.events import StockDeclined, StockReceived, StockReleased, StockReserved, StockShipped
from workers.domain import contexts
from workers.domain.inventory.card import card
from workers.domain.inventory.decider import StockState
from workers.testing.scenarios import document_after
from workers.testing.walks import Stride, walk

INVENTORY = contexts()["inventory"]
tea = st.just("tea")
orders = st.sampled_from(["breakfast", "supper", "tea-time", "lunch-time"])
# Most quantities are small, so that they meet.
few = st.integers(1, 5)
commands: st.SearchStrategy[InventoryCommand] = st.one_of(
    st.builds(ReceiveStock, sku=tea, quantity=few | st.integers(1, 1_000_000)),
    st.builds(ReserveStock, sku=tea, order_id=orders, quantity=few | st.integers(1, 100_000_000)),
    st.builds(ReleaseStock, sku=tea, order_id=orders),
    st.builds(ShipStock, sku=tea, order_id=orders),
)
histories = st.lists(commands, max_size=25).map(lambda asked: walk(INVENTORY, list(asked)))


class Ledger:
    """The SKU by its events: what came in, what left, what is promised to whom."""

    def __init__(self, strides: list[Stride]) -> None:
        self.received = self.shipped = 0
        self.open: dict[str, int] = {}
        for stride in strides:
            for event in stride.events:
                match event:
                    case StockReceived():
                        self.received += event.quantity
                    case StockReserved():
                        assert event.order_id not in self.open, "reserved twice"
                        self.open[event.order_id] = event.quantity
                    case StockReleased():
                        assert self.open.pop(event.order_id) == event.quantity
                    case StockShipped():
                        assert self.open.pop(event.order_id) == event.quantity
                        self.shipped += event.quantity
                    case _:
                        assert isinstance(event, StockDeclined)

    @property
    def on_hand(self) -> int:
        return self.received - self.shipped

    @property
    def reserved(self) -> int:
        return sum(self.open.values())


@settings(max_examples=200)
@given(histories)
def test_in_the_decider(strides: list[Stride]) -> None:
    for count, stride in enumerate(strides, start=1):
        ledger = Ledger(strides[:count])
        state: StockState = stride.after
        assert (state.on_hand, state.reserved) == (ledger.on_hand, ledger.reserved)
        assert {
            order: pieces for group in state.reservations.values() for order, pieces in group.items()
        } == ledger.open
        assert state.available >= 0


@settings(max_examples=200)
@given(histories)
def test_on_the_card(strides: list[Stride]) -> None:
    ledger = Ledger(strides)
    events = [event for stride in strides for event in stride.events]
    if events:
        assert document_after(card, *events) == {
            "sku": "tea",
            "on_hand": ledger.on_hand,
            "reserved": ledger.reserved,
            "available": ledger.on_hand - ledger.reserved,
            "version": len(events),
        }


@settings(max_examples=200)
@given(histories)
def test_with_a_decline_exactly_when_too_few_are_available(strides: list[Stride]) -> None:
    for stride in strides:
        for event in stride.events:
            if isinstance(event, StockReserved):
                assert event.quantity <= stride.before.available
            if isinstance(event, StockDeclined):
                assert event.quantity > stride.before.available
