"""Which of the saga lanes that wait for records have something to do: two questions to the tables."""

from collections.abc import Collection, Sequence

from workers.ports.waiting_lanes import WaitingLanes
from workers.saga.lane import SagaLane


class SagaIdleLook:
    """`IdleLook` for the saga lanes of a process. `sagas` are those that it runs."""

    def __init__(self, tables: WaitingLanes, sagas: Sequence[str]) -> None:
        self._tables = tables
        self._sagas = sagas

    async def __call__(self, lanes: Sequence[SagaLane]) -> Collection[SagaLane]:
        """Raises Unavailable."""
        rests = {lane: rest for lane in lanes if (rest := lane.rest) is not None}
        due = await self._tables.due([rest.lane for rest in rests.values()], self._sagas)
        for lane, rest in rests.items():
            lane.internal_events.note_look(is_due=rest.lane in due)
        ahead = await self._tables.ahead({rest.place: rest.sequence for rest in rests.values()})
        return {lane for lane in lanes if lane not in rests or rests[lane].lane in due or rests[lane].place in ahead}
