"""A lane of the section of orders on its store and table, and a clock that a test turns."""

from collections.abc import Sequence
from dataclasses import replace

from contracts.catalogue import stored_events
from contracts.message import Event
from contracts.orders.events import OrderCancelled, OrderPlaced
from contracts.orders.examples import ADAS_ORDER_PLACED
from contracts.topics import Topics
from infra.memory import read_model_server as keys
from tests.lanes.recorded_rows import RowsInMemory, event_rows, inbound_all
from tests.projection.lossy_scene import Hands
from tests.projection.models import ModelsInMemory
from workers.core.projection import Document, Section
from workers.core.recorded import Recorded
from workers.domain.users.card import card
from workers.domain.users.sections import ORDERS
from workers.ports.log import InboundRecord
from workers.ports.parked import ParkedStreamAction, ParkedStreamRequest
from workers.ports.read_models import Generation
from workers.ports.sections import SectionOfLane, SectionValue, lane_topic
from workers.projection.section_lane import SectionLane

LIVE = Generation("users")
TOPIC = lane_topic("orders.events", "orders")
PLACE = (LIVE, TOPIC, 0)


def order(number: int, user: str) -> OrderPlaced:
    return ADAS_ORDER_PLACED.model_copy(update={"order_id": f"order-{number}", "user_id": user})


EVENTS: tuple[Event, ...] = (
    order(1, "ada"),
    order(2, "bob"),
    OrderCancelled(order_id="order-1", user_id="ada"),
    order(3, "ada"),
    order(4, "ada"),
)
ROWS = event_rows(*EVENTS)
LOG = inbound_all(ROWS)
WHOLE = {"ada": 3, "bob": 1}


class Scene:
    """A lane of the section, and its store, table and clock."""

    def __init__(self, section: Section = ORDERS) -> None:
        self.store, self.hands, self.table = ModelsInMemory(), Hands(), RowsInMemory(ROWS)
        self.lane = self.another(section)

    def another(self, section: Section = ORDERS, building: Generation | None = None) -> SectionLane:
        events = stored_events()
        return SectionLane(card, section, Topics(), 0, events, self.table, self.store, building, self.hands)

    async def values(self, generation: Generation = LIVE) -> dict[str, SectionValue]:
        of_lane = SectionOfLane(generation, "orders", 0)
        return dict(await self.store.section_values(of_lane, ["ada", "bob", "eve"]))

    async def counts(self, generation: Generation = LIVE) -> dict[str, int]:
        values = await self.values(generation)
        return {name: value.value["count"] for name, value in values.items() if value.value is not None}

    def lose(self, *names: str, evicted: bool = False) -> None:
        self.store.server.lose([keys.sections(LIVE, name) for name in names], evicted=evicted)

    def request(self, stream_id: str, action: ParkedStreamAction) -> None:
        """As an operator does."""
        self.store.request(*PLACE, ParkedStreamRequest("users/orders", stream_id, action))

    def is_at_rest(self) -> bool:
        """Whether nothing but an event of the table would wake the lane."""
        return self.lane.is_at_rest(LIVE, self.store.checkpoints[PLACE])

    async def look(self, lane: SectionLane | None = None) -> None:
        self.hands.turn()
        await (lane or self.lane).idle()


async def read_on(lane: SectionLane, log: Sequence[InboundRecord] = LOG, batch: int = 2) -> int:
    offset = await lane.acquire()
    for start in range(offset, len(log), batch):
        await lane.handle(log[start : start + batch])
    return offset


async def at_rest(log: Sequence[InboundRecord] = LOG) -> Scene:
    scene = Scene()
    await read_on(scene.lane, log)
    return scene


def failing_on(*order_ids: str) -> tuple[Section, list[str]]:
    """The section, whose code fails on the events of the orders in the list."""
    failing = list(order_ids)

    def evolve(value: Document | None, recorded: Recorded) -> Document:
        if recorded.stream_id in failing:
            raise KeyError(recorded.stream_id)
        return ORDERS.evolve(value, recorded)

    return replace(ORDERS, evolve=evolve), failing
