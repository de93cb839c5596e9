"""An installation in memory: the saga store, the courier, and saga lanes on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.catalogue import catalogue
from contracts.topics import Topics
from contracts.users.events import UserCreated
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.in_memory import CourierInMemory, Journal, LaneRows
from tests.lanes.recorded_rows import event_rows
from workers.core.saga import Saga
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey, Mark
from workers.ports.parked import ParkedStream, Wish
from workers.ports.sagas import InstanceKey, InstanceRow, SagaBatch, StepRow
from workers.saga.lane import SagaLane, SagaPorts

TOPICS = Topics()
LANE = LaneKey("saga", "users.events", 0)


def created(name: str) -> UserCreated:
    return ADA_CREATED.model_copy(update={"user_id": name, "email": f"{name}@example.org"})


ROWS = event_rows(ADA_CREATED, created("bob"), ADA_WELCOMED, ADA_MOVED_TO_TURIN, created("carl"))


@dataclass
class SagasInMemory(LaneRows):
    """`SagaStore` in memory."""

    stored: dict[InstanceKey, InstanceRow] = field(default_factory=dict)
    outbox: list[StepRow] = field(default_factory=list)
    table: list[EventRow] = field(default_factory=list)
    waiting: dict[tuple[str, str], ParkedStream] = field(default_factory=dict)
    wished: list[Wish] = field(default_factory=list)

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, bytes]:
        await self.reached()
        return {key: self.stored[key].state for key in keys if key in self.stored}

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        await self.reached()
        return [step for step in self.outbox if step.position > position][:limit]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        await self.reached()
        return [row for row in self.table if row.sequence > sequence][:limit]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        await self.reached()
        return [row for row in self.table if row.stream_id == stream_id and row.stream_version > version][:limit]

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        await self.reached()
        return list(self.waiting.values())

    async def wishes(self, lane: LaneKey) -> Sequence[Wish]:
        await self.reached()
        return [wish for wish in self.wished if (wish.follower, wish.stream_id) in self.waiting]

    async def commit(self, batch: SagaBatch) -> None:
        await self.reached()
        row = self.held(batch.lane, batch.epoch)
        positions = {step.position for step in self.outbox}
        assert positions.isdisjoint(step.position for step in batch.steps), "a place in the outbox was given twice"
        row.consumed, row.sequence, row.input_sequence = batch.consumed, batch.position, batch.input_sequence
        row.mark = Mark(batch.published, -1)
        self.stored |= {InstanceKey(each.saga, each.instance_id): each for each in batch.instances}
        self.outbox += batch.steps
        ended = {*batch.unparked, *((each.follower, each.stream_id) for each in batch.parked)}
        self.wished = [wish for wish in self.wished if (wish.follower, wish.stream_id) not in ended]
        self.waiting = {place: each for place, each in self.waiting.items() if place not in ended}
        self.waiting |= {(each.follower, each.stream_id): each for each in batch.parked}
        self.journal.append("commit")


class Installation:
    """Everything that outlives a worker."""

    def __init__(self) -> None:
        self.journal: Journal = []
        self.store = SagasInMemory(self.journal, table=ROWS)
        self.courier = CourierInMemory(self.journal)

    def lane(self, sagas: Sequence[Saga[Any]] = contexts()["users"].sagas) -> SagaLane:
        ports = SagaPorts(
            store=self.store, courier=self.courier, topics=TOPICS, owner="tester", events=catalogue().events
        )
        return SagaLane("users", sagas, 0, ports)

    @property
    def welcomed(self) -> list[str]:
        """Whom the delivered commands are for, in order."""
        return [(record.key or b"").decode() for _, _, record in self.courier.delivered]

    @property
    def statuses(self) -> dict[str, str]:
        return {key.instance_id: row.status for key, row in self.store.stored.items()}
