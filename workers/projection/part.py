"""One lane's part of a read model: the generation, the checkpoint that the lane believes in, and the streams that wait.

Every write is a batch at that checkpoint; whoever has moved it meanwhile is heard of, and nothing is written then.
"""

from collections.abc import Sequence

import structlog

from workers import telemetry
from workers.core.projection import Projection
from workers.parking import within_bounds
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Checkpoint, Generation, ReadModelBatch, ReadModelWriter
from workers.projection.folding import Folded

log = structlog.get_logger(__name__)


class Part:
    """What is known of it in this process; in the store it may be otherwise by now."""

    def __init__(
        self, projection: Projection, topic: str, partition: int, store: ReadModelWriter, building: Generation | None
    ) -> None:
        self.name = projection.name
        self.topic = topic
        self.partition = partition
        self.building = building
        self.generation = building or Generation(projection.name)
        self.checkpoint = START
        self.waiting: dict[str, ParkedStream] = {}
        self._store = store

    @property
    def beside(self) -> Checkpoint:
        """For a write that applies no event: the same place, but a value of its own, so that nobody who has read before
        it can write behind it. One record is read again, and passed over.
        """
        return self.checkpoint._replace(offset=max(self.checkpoint.offset - 1, 0))

    async def stored(self) -> Checkpoint:
        """The checkpoint in the store."""
        return await self._store.checkpoint(self.generation, self.topic, self.partition)

    async def parked(self) -> Sequence[ParkedStream]:
        """The streams that wait, as the store has them."""
        return await self._store.parked(self.generation, self.topic, self.partition)

    async def live(self) -> Generation:
        """The generation to work on. When the store has lost which one is live, and only that, it is told again."""
        if self.building is not None:
            return self.building
        live, ours = await self._store.live(self.name), self.generation
        if live == ours or self.checkpoint == START or await self.stored() != self.checkpoint:
            return live
        if not await self._store.remember_live(ours):
            return live
        log.error("the store had lost which generation is live; it was told again", projection=self.name, live=ours[1])
        return ours

    async def commit(self, folded: Folded, checkpoint: Checkpoint, unparked: Sequence[str] = ()) -> None:
        """Raises CheckpointMoved, PartlyWritten, TooManyParked or Unavailable."""
        documents, added, removed, parked = folded
        left = {each: waits for each, waits in self.waiting.items() if each not in unparked}
        within_bounds(self.name, left, [each for each in parked if each.stream_id not in left])
        batch = ReadModelBatch(
            self.generation,
            self.topic,
            self.partition,
            self.checkpoint,
            checkpoint,
            documents,
            added,
            removed,
            parked,
            unparked,
            only_if_live=self.building is None,
        )
        await self._store.commit(batch)
        self.checkpoint = checkpoint
        self.waiting = left | {each.stream_id: each for each in parked}
        for each in parked:
            telemetry.PARKED.labels(each.follower, self.topic).inc()
            log.error("stream parked", **each._asdict(), advice="mend the code, then: annals parked retry")
