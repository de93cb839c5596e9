"""One lane's part of a read model: the generation, the checkpoint that this process expects, and the parked streams.

Every write is a batch at that checkpoint. If another writer has moved the checkpoint, nothing is written.
"""

from collections.abc import Sequence

import structlog

from workers import telemetry
from workers.core.projection import Projection
from workers.parking import within_bounds
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Checkpoint, Generation, ReadModelBatch, ReadModelWriter
from workers.ports.sections import follower_name
from workers.projection.folding import Folded

log = structlog.get_logger(__name__)


class Part:
    """The part as this process has last written or read it. The store may have changed since.

    `waiting` are the parked streams by their ids. `building` names the generation to write; None: the live one. With a
    `section`, the part is this lane's values in it.
    """

    def __init__(
        self,
        projection: Projection,
        topic: str,
        partition: int,
        store: ReadModelWriter,
        building: Generation | None,
        section: str = "",
    ) -> None:
        self.name = projection.name
        self.topic = topic
        self.partition = partition
        self.building = building
        self.section = section
        self.generation = building or Generation(projection.name)
        self.checkpoint = START
        self.waiting: dict[str, ParkedStream] = {}
        self._store = store

    @property
    def touched_checkpoint(self) -> Checkpoint:
        """The next checkpoint for a write that applies no event. Its sequence is the same, but its value differs, so
        that a writer that has read the old value cannot write any more. One record is read again, and dropped. Only at
        the offset 0 the value stays, and such a writer can.
        """
        return self.checkpoint._replace(offset=max(self.checkpoint.offset - 1, 0))

    def say_if_outdated(self, stored: Checkpoint, code: str) -> None:
        """Tell operators when other code than this has begun the part."""
        follower = follower_name(self.name, self.section) if self.section else self.name
        is_outdated = stored.code not in ("", code)
        telemetry.OUTDATED.labels(follower, str(self.partition)).set(is_outdated)
        if is_outdated:
            log.warning(
                "the projection's code has changed since its read model was begun",
                projection=follower,
                partition=self.partition,
                generation=self.generation.number,
                advice=f"rebuild it: annals projections rebuild {self.name}, then diff and switch",
            )

    async def stored(self) -> Checkpoint:
        """The checkpoint in the store."""
        return await self._store.checkpoint(self.generation, self.topic, self.partition)

    async def parked(self) -> Sequence[ParkedStream]:
        """The parked streams in the store."""
        return await self._store.parked(self.generation, self.topic, self.partition)

    def parked_and_lost(self, stored: Sequence[ParkedStream]) -> Folded | None:
        """What parks the streams again that the store has lost, if `stored` are those that it has: else their later
        events would be applied behind a gap. None if it has lost none.
        """
        stored_ids = {stream.stream_id for stream in stored}
        lost = [stream for stream_id, stream in self.waiting.items() if stream_id not in stored_ids]
        if not lost:
            return None
        log.error("the store had lost parked streams", streams=sorted(stream.stream_id for stream in lost))
        return Folded({}, (), (), lost)

    async def live(self) -> Generation:
        """The generation to work on. If the store has lost which one is live, and only that, it is written again."""
        if self.building is not None:
            return self.building
        live, ours = await self._store.live(self.name), self.generation
        if live == ours or self.checkpoint == START or await self.stored() != self.checkpoint:
            return live
        if not await self._store.remember_live(ours):
            return live
        log.error(
            "the store had lost which generation is live; it was written again",
            projection=self.name,
            live=ours.number,
        )
        return ours

    async def commit(self, folded: Folded, checkpoint: Checkpoint, unparked: Sequence[str] = ()) -> None:
        """Write a batch. Raises CheckpointMoved, PartlyWritten, TooManyParked or Unavailable."""
        documents, added, removed, parked = folded
        left = {stream_id: stream for stream_id, stream in self.waiting.items() if stream_id not in unparked}
        within_bounds(self.name, left, [stream for stream in parked if stream.stream_id not in left])
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
            section=self.section,
        )
        await self._store.commit(batch)
        self.checkpoint = checkpoint
        self.waiting = left | {stream.stream_id: stream for stream in parked}
        for stream in parked:
            telemetry.PARKED.labels(stream.follower, self.topic).inc()
            log.error("stream parked", **stream._asdict(), advice="fix the code, then run: annals parked retry")
