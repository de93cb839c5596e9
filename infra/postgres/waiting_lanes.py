"""What the tables have for lanes that wait for records, on Postgres."""

from collections.abc import Collection, Mapping, Sequence

from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from workers.ports.lanes import LaneKey
from workers.ports.waiting_lanes import LanePlace


class PostgresWaitingLanes:
    """`WaitingLanes` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ahead(self, sequences: Mapping[LanePlace, int]) -> Collection[LanePlace]:
        places = [(*place, sequence) for place, sequence in sequences.items()]
        rows = await self._database.rows("ahead", *columns(places, 3))
        return {LanePlace(row["context"], row["partition"]) for row in rows}

    async def due(self, lanes: Sequence[LaneKey], sagas: Sequence[str]) -> Collection[LaneKey]:
        places = [(lane.topic, lane.partition) for lane in lanes]
        rows = await self._database.rows("due_lanes", *columns(places, 2), listed(sagas))
        return {LaneKey("saga", row["topic"], row["partition"]) for row in rows}
