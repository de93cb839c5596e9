"""The saga store in memory: each call is one operation on the table, as each call of the real one is a transaction."""

from collections.abc import Mapping, Sequence
from functools import partial

from contracts.envelope import rfc3339
from infra.memory.lane_store import MemoryLaneStore
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.sagas import DueInternalEvents, Following, InstanceKey, SagaBatch, StepRow, StoredInstance


class MemorySagaStore(MemoryLaneStore):
    """`SagaStore` on the in-memory table."""

    async def begin(self, lane: LaneKey, epoch: int, followings: Sequence[Following]) -> None:
        await self._wire.call("Postgres", partial(self._table.begin_sagas, lane, epoch, followings))

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, StoredInstance]:
        return await self._wire.call("Postgres", partial(self._table.instances, keys))

    async def commit(self, batch: SagaBatch) -> None:
        await self._change(partial(self._table.commit_sagas, batch))

    async def due(self, lane: LaneKey, sagas: Sequence[str], limit: int) -> DueInternalEvents:
        return await self._wire.call(
            "Postgres", lambda: self._table.due(lane, sagas, rfc3339(self._table.now()), limit)
        )

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        return await self._wire.call("Postgres", partial(self._table.outbox_after, lane, position, limit))

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        return await self._wire.call("Postgres", partial(self._table.parked, lane))

    async def parked_requests(self, lane: LaneKey) -> Sequence[ParkedStreamRequest]:
        return await self._wire.call("Postgres", partial(self._table.parked_requests, lane))
