"""An installation in memory: the saga store, the sender, and saga lanes on them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from contracts.catalogue import stored_events
from contracts.topics import Topics
from contracts.users.events import UserCreated
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from infra.memory.lane_rows import LaneRow
from infra.memory.saga_store import MemorySagaStore
from infra.memory.table import Table
from tests.lanes.in_memory import Journal, MessageSenderInMemory, SwitchedWire, write
from tests.lanes.recorded_rows import FIRST_SECOND, event_rows
from workers.core.saga import Saga
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import InstanceKey, InstanceRow, StepRow, StoredInstance
from workers.saga.lane import SagaLane
from workers.saga.saga_ports import SagaPorts
from workers.saga.shared_instances import SharedInstances

TOPICS = Topics()
LANE = LaneKey("saga", "users.events", 0)


def created(name: str) -> UserCreated:
    return ADA_CREATED.model_copy(update={"user_id": name, "email": f"{name}@example.org"})


ROWS = event_rows(ADA_CREATED, created("bob"), ADA_WELCOMED, ADA_MOVED_TO_TURIN, created("carl"))


class SagasInMemory(MemorySagaStore):
    """The saga store on a table of its own that holds these rows, over a wire with switches. `now` is the database's
    time, `reads` are the instances of each reading.
    """

    def __init__(self, journal: Journal, rows: Sequence[EventRow]) -> None:
        self.now = FIRST_SECOND
        self.reads: list[list[InstanceKey]] = []
        self.table = Table(lambda: self.now)
        self.line = SwitchedWire(journal)
        write(self.table, rows)
        super().__init__(self.table, self.line)

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        self.reads.append(list(keys))
        return await super().instances(keys)

    @property
    def rows(self) -> dict[LaneKey, LaneRow]:
        return self.table.lanes

    @property
    def stored(self) -> dict[InstanceKey, InstanceRow]:
        return self.table.sagas

    @property
    def outbox(self) -> list[StepRow]:
        return self.table.outbox.get((LANE.topic, LANE.partition), [])

    @property
    def waiting(self) -> dict[tuple[str, str], ParkedStream]:
        return self.table.parked_streams.get((LANE.topic, LANE.partition), {})

    @property
    def requested(self) -> list[ParkedStreamRequest]:
        return list(self.table.parked_requests(LANE))


class Installation:
    """Everything that outlives a worker; `elapsed_seconds` is the workers' time."""

    def __init__(self, rows: Sequence[EventRow] = ROWS) -> None:
        self.journal: Journal = []
        self.store = SagasInMemory(self.journal, rows)
        self.sender = MessageSenderInMemory(self.journal)
        self.elapsed_seconds = 0.0

    def lane(
        self,
        sagas: Sequence[Saga[Any]] = contexts()["users"].sagas,
        context: str = "users",
        instances: SharedInstances | None = None,
    ) -> SagaLane:
        """A lane in a process of its own, or in the one whose lanes share these instances."""
        ports = SagaPorts(
            store=self.store,
            sender=self.sender,
            topics=TOPICS,
            owner="tester",
            events=stored_events(),
            instances=SharedInstances() if instances is None else instances,
            clock=lambda: self.elapsed_seconds,
        )
        return SagaLane(context, sagas, 0, ports)

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass, the workers' and the database's."""
        self.elapsed_seconds += seconds
        self.store.now += timedelta(seconds=seconds)

    @property
    def welcomed(self) -> list[str]:
        """Whom the delivered commands are for, in order."""
        return [(record.key or b"").decode() for _, _, record in self.sender.delivered]

    @property
    def statuses(self) -> dict[str, str]:
        return {key.instance_id: row.status for key, row in self.store.stored.items()}
