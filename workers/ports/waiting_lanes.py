"""What the tables have for lanes that wait for records: one question for all lanes of a process."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.lanes import LaneKey


class LanePlace(NamedTuple):
    """A partition of a context's events."""

    context: str
    partition: int


class WaitingLanes(Protocol):
    """Both methods raise Unavailable when the database does not answer in time."""

    async def ahead(self, sequences: Mapping[LanePlace, int]) -> Collection[LanePlace]:
        """The places at which the table has an event after this sequence."""
        ...

    async def due(self, lanes: Sequence[LaneKey], sagas: Sequence[str]) -> Collection[LaneKey]:
        """The saga lanes that have an internal event which is due for one of these sagas: see `SagaStore.due`."""
        ...
