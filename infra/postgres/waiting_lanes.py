"""What the tables have for lanes that wait for records, on Postgres."""

from collections.abc import Collection, Mapping, Sequence

from infra.postgres.grouping import Grouping
from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from workers.ports.lanes import LaneKey
from workers.ports.waiting_lanes import LanePlace

MAX_PLACES_TOGETHER = 5000

Sequences = Mapping[LanePlace, int]


class PostgresWaitingLanes:
    """`WaitingLanes` on Postgres. What several hosts of a process ask at the same time goes as one query."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._aheads = Grouping[Sequences, Collection[LanePlace]](self._all_ahead, len, MAX_PLACES_TOGETHER)

    async def ahead(self, sequences: Sequences) -> Collection[LanePlace]:
        return await self._aheads.ask(sequences) if sequences else frozenset()

    async def _all_ahead(self, questions: Sequence[Sequences]) -> Sequence[Collection[LanePlace]]:
        asked = [(number, *pair) for number, question in enumerate(questions) for pair in question.items()]
        rows = await self._database.rows("ahead", *columns([(*place, sequence) for _, place, sequence in asked], 3))
        answers: list[set[LanePlace]] = [set() for _ in questions]
        for row in rows:
            question, place, _ = asked[row["number"] - 1]
            answers[question].add(place)
        return answers

    async def due(self, lanes: Sequence[LaneKey], sagas: Sequence[str]) -> Collection[LaneKey]:
        places = [(lane.topic, lane.partition) for lane in lanes]
        rows = await self._database.rows("due_lanes", *columns(places, 2), listed(sagas))
        return {LaneKey("saga", row["topic"], row["partition"]) for row in rows}
