"""The generations of read models, as operators see them: which exist, how far each is, which one is live.

A generation is one build of a projection's read model (workers/ports/read_models.py). Queries and workers use the live
one. The one that was live before is kept, so that an operator can switch back.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from workers.ports.log import InboundRecord
from workers.ports.read_models import Checkpoint, Generation
from workers.ports.verification.rows import LaneSequence


class GenerationStatus(NamedTuple):
    """The number of documents of a generation, and the checkpoint of each lane by topic and partition (START if the
    lane has none).
    """

    generation: Generation
    documents: int
    checkpoints: Mapping[tuple[str, int], Checkpoint]


class SwitchConflict(Exception):
    """Another operator switched the projection at the same moment. Nothing was changed."""

    def __init__(self, projection: str) -> None:
        super().__init__(
            f"the live generation of {projection} was changed by another at the same moment; look again: "
            "annals projections list"
        )
        self.projection = projection


class Generations(Protocol):
    """The generations in the read-model store. Every method raises Unavailable."""

    async def live(self, projection: str) -> Generation:
        """The generation that queries see; the first, unless another was switched to."""
        ...

    async def previous(self, projection: str) -> Generation | None:
        """The generation that was live before the last switch; None: there was no switch."""
        ...

    async def existing(self, projection: str) -> Sequence[Generation]:
        """The live generation, the previous one, and those that were begun and not dropped, by their numbers."""
        ...

    async def begin(self, generation: Generation) -> None:
        """Note that a generation is being built."""
        ...

    async def status(self, generation: Generation, lanes: Sequence[tuple[str, int]]) -> GenerationStatus:
        """The documents of a generation, and its checkpoints in these lanes (topic, partition)."""
        ...

    async def parked(self, generation: Generation, lanes: Sequence[tuple[str, int]]) -> int:
        """The number of parked streams in these lanes (topic, partition)."""
        ...

    async def ids_after(self, generation: Generation, document_id: str, limit: int) -> Sequence[str]:
        """At most `limit` document ids that are greater than this one by their UTF-8 bytes, in order."""
        ...

    async def switch(self, current: Generation, to: Generation) -> None:
        """Make `to` live instead of `current`, for every query and worker at once; `current` becomes the previous one.
        Raises SwitchConflict if `current` is not live.
        """
        ...

    async def drop(self, generation: Generation) -> None:
        """Remove a generation that is neither live nor being built. May be repeated after Unavailable."""
        ...


class PartitionReader(Protocol):
    """Reads partitions of the log from end to end, outside of any consumer group. Every method raises Unavailable."""

    def records(self, topic: str, partition: int, from_offset: int) -> AsyncIterator[list[InboundRecord]]:
        """The records from an offset to the end that the partition has when the reading starts, in batches."""
        ...

    async def end(self, topic: str, partition: int) -> int:
        """The offset behind the partition's last record."""
        ...


class LaneSequences(Protocol):
    """How far the lanes of commands are. Raises Unavailable."""

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        """All lanes of commands, of every topic."""
        ...
