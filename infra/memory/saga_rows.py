"""The sagas' part of the table in memory: instances, the outbox, streams that wait; what `annals.commit_sagas` does."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Literal

from infra.memory.lane_rows import LaneRows
from infra.memory.values import MAX_BIGINT, ConstraintBroken, as_jsonb, check_lists, check_number, identifier
from workers.ports.lanes import LaneKey, Mark
from workers.ports.parked import ParkedStream, Wish
from workers.ports.sagas import InstanceKey, InstanceRow, SagaBatch, StepRow

Place = tuple[str, int]
"""Topic and partition of a saga lane."""


class SagaRows(LaneRows):
    """`sagas` by their keys; `outbox` the steps of a lane by position; `parked_streams` and `wished` of a lane by
    (saga, stream id).
    """

    def __init__(self) -> None:
        super().__init__()
        self.sagas: dict[InstanceKey, InstanceRow] = {}
        self.outbox: dict[Place, list[StepRow]] = {}
        self.parked_streams: dict[Place, dict[tuple[str, str], ParkedStream]] = {}
        self.wished: dict[Place, dict[tuple[str, str], Wish]] = {}

    def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, bytes]:
        check_lists(keys)
        return {key: self.sagas[key].state for key in keys if key in self.sagas}

    def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        rows = self.outbox.get((lane.topic, lane.partition), [])
        begin = bisect_right(rows, position, key=_position)
        return rows[begin : begin + limit]

    def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        waiting = self.parked_streams.get((lane.topic, lane.partition), {})
        return [waiting[key] for key in sorted(waiting)]

    def wishes(self, lane: LaneKey) -> Sequence[Wish]:
        wished = self.wished.get((lane.topic, lane.partition), {})
        return [wished[key] for key in sorted(wished)]

    def wish(self, lane: LaneKey, saga: str, stream_id: str, action: Literal["retry", "skip"]) -> None:
        """As an operator does. Nothing happens when the stream does not wait."""
        place, key = (lane.topic, lane.partition), (saga, stream_id)
        if key in self.parked_streams.get(place, {}):
            self.wished.setdefault(place, {})[key] = Wish(saga, stream_id, action)

    def commit_sagas(self, batch: SagaBatch) -> None:
        """Raises Fenced or Unstorable; ConstraintBroken for a batch that no lane may write."""
        for rows in (batch.instances, batch.steps, batch.parked, batch.unparked):
            check_lists(rows)
        lane = self.fence(batch.lane._replace(role="saga"), batch.epoch)
        place = (batch.lane.topic, batch.lane.partition)
        instances = self._new_instances(batch.instances)
        steps = self._new_steps(place, batch.steps)
        lane.consumed, lane.sequence, lane.input_sequence = batch.consumed, batch.position, batch.input_sequence
        lane.mark = Mark(batch.published, lane.mark.offset)
        self.sagas |= instances
        if steps:
            rows = self.outbox.setdefault(place, [])
            behind = not rows or rows[-1].position < steps[0].position
            rows += steps
            if not behind:
                rows.sort(key=_position)
        self._park(place, batch)

    def _new_instances(self, rows: Sequence[InstanceRow]) -> dict[InstanceKey, InstanceRow]:
        found: dict[InstanceKey, InstanceRow] = {}
        for row in rows:
            key = InstanceKey(row.saga, row.instance_id)
            if key in found:
                raise ConstraintBroken("sagas_pkey", key)
            before = self.sagas.get(key, row)
            found[key] = row._replace(state=as_jsonb(row.state), correlation_id=before.correlation_id)
        return found

    def _new_steps(self, place: Place, rows: Sequence[StepRow]) -> list[StepRow]:
        """These steps in order, none of which the lane's outbox has."""
        found = sorted((row._replace(command_id=identifier(row.command_id)) for row in rows), key=_position)
        before = self.outbox.get(place, [])
        last = None
        for row in found:
            check_number(row.position, MAX_BIGINT)
            at = bisect_left(before, row.position, key=_position)
            if row.position == last or (at < len(before) and before[at].position == row.position):
                raise ConstraintBroken("saga_outbox_pkey", (*place, row.position))
            last = row.position
        return found

    def _park(self, place: Place, batch: SagaBatch) -> None:
        if not batch.parked and not batch.unparked:
            return
        waiting, wished = self.parked_streams.setdefault(place, {}), self.wished.setdefault(place, {})
        for key in batch.unparked:
            waiting.pop(key, None)
            wished.pop(key, None)
        for each in batch.parked:
            waiting[each.follower, each.stream_id] = each
            wished.pop((each.follower, each.stream_id), None)


def _position(row: StepRow) -> int:
    return row.position
