"""`ReadModelWriter` in memory: documents, indexes and checkpoints that change together or not at all."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from workers.core.projection import Document, Index
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream, Wish
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, Generation, ReadModelBatch


class ModelsInMemory:
    """The store. `meanwhile`: what others do just before the next commits; `away`: it does not answer.

    `answers_lost`: so many commits are written without anyone learning of it.
    """

    def __init__(self) -> None:
        self.kept: dict[str, Document] = {}
        self.index: dict[Index, set[str]] = {}
        self.checkpoints: dict[tuple[Generation, str, int], Checkpoint] = {}
        self.waiting: dict[str, ParkedStream] = {}
        self.wished: list[Wish] = []
        self.meanwhile: list[Callable[[], None]] = []
        self.answers_lost = 0
        self.away = False
        self.commits = 0

    def empty(self) -> None:
        """As an operator does."""
        self.kept.clear()
        self.index.clear()
        self.checkpoints.clear()

    async def _reached(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("Redis", "away for the test")

    async def live(self, projection: str) -> Generation:
        await self._reached()
        return Generation(projection)

    async def checkpoint(self, generation: Generation, topic: str, partition: int) -> Checkpoint:
        await self._reached()
        return self.checkpoints.get((generation, topic, partition), START)

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        await self._reached()
        return list(self.waiting.values())

    async def wishes(self, generation: Generation, topic: str, partition: int) -> Sequence[Wish]:
        await self._reached()
        return [wish for wish in self.wished if wish.stream_id in self.waiting]

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        await self._reached()
        return {each: self.kept[each] for each in document_ids if each in self.kept}

    async def is_empty(self, generation: Generation) -> bool:
        await self._reached()
        return not self.kept

    async def commit(self, batch: ReadModelBatch) -> None:
        await self._reached()
        if self.meanwhile:
            self.meanwhile.pop(0)()
        place = (batch.generation, batch.topic, batch.partition)
        if self.checkpoints.get(place, START) != batch.expected:
            raise CheckpointMoved
        for document_id, document in batch.documents.items():
            self.kept.pop(document_id, None)
            if document is not None:
                self.kept[document_id] = json.loads(document)
        for entry, document_id in batch.removed:
            self.index.get(entry, set()).discard(document_id)
        for entry, document_id in batch.added:
            self.index.setdefault(entry, set()).add(document_id)
        self.checkpoints[place] = batch.checkpoint
        ended = {*batch.unparked, *(each.stream_id for each in batch.parked)}
        self.wished = [wish for wish in self.wished if wish.stream_id not in ended]
        self.waiting = {each: waits for each, waits in self.waiting.items() if each not in ended}
        self.waiting |= {each.stream_id: each for each in batch.parked}
        self.commits += 1
        if self.answers_lost:
            self.answers_lost -= 1
            raise Unavailable("Redis", "the answer was lost for the test")

    def found_by(self) -> dict[Index, set[str]]:
        """The indexes without those entries that nobody is left in."""
        return {entry: members for entry, members in self.index.items() if members}
