"""The read models behind the gateway: the real projections on the store's twin, lane by lane, and switches for lag."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from contracts.partitioner import partition_for
from contracts.topics import Topics
from infra.memory.read_models import MemoryReadModels, MemoryReadModelWriter, ReadModelServer
from workers.core.projection import Document, Index, Projection, Section
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.ports.lanes import Unavailable
from workers.ports.read_models import Checkpoint, Generation, Page, ReadModelBatch, Tally
from workers.ports.sections import SectionOfLane, follower_name, lane_topic
from workers.projection.folding import fold
from workers.projection.section_folding import concerned, fold_section

PARTITIONS = 6
T = TypeVar("T")


class SystemWire:
    """The servers named in `away` do not answer."""

    def __init__(self, away: Callable[[], set[str]]) -> None:
        self._away = away

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        if server in self._away():
            raise Unavailable(server, "connection to 10.1.2.3 refused")
        return operation()


def lane_of(stream_id: str) -> int:
    """The partition that a stream belongs to."""
    return partition_for(stream_id.encode(), PARTITIONS)


class FollowedReadModels:
    """`ReadModels` that every projection brings up to date before each query, unless it is held back.

    `projects` may be cleared to leave all of them behind, `paused` names single ones: the projection, or its section
    (`users/orders`), and the partition.
    """

    def __init__(self, away: Callable[[], set[str]]) -> None:
        self.projects = asyncio.Event()
        self.projects.set()
        self.paused: set[tuple[str, int]] = set()
        self.lanes: dict[tuple[str, int], list[Recorded]] = {}
        self.server = ReadModelServer()
        self.queries: list[str] = []
        self._read_models = MemoryReadModels(self.server, SystemWire(away))
        self._writer = MemoryReadModelWriter(self.server, SystemWire(set))

    def pause(self, projection: str) -> None:
        """Pause a projection in all its lanes."""
        self.paused |= {(projection, partition) for partition in range(PARTITIONS)}

    async def document(self, projection: str, document_id: str) -> Document | None:
        await self._follow("document")
        return await self._read_models.document(projection, document_id)

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        await self._follow("documents")
        return await self._read_models.documents(projection, document_ids)

    async def find(
        self, projection: str, index: Index | None, limit: int, after: str | None, newest_first: bool = False
    ) -> Page:
        await self._follow("find")
        return await self._read_models.find(projection, index, limit, after, newest_first)

    async def tally(self, projection: str, indexes: Sequence[Index], until: str | None = None) -> Sequence[Tally]:
        await self._follow("tally")
        return await self._read_models.tally(projection, indexes, until)

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        await self._follow("reached")
        return await self._read_models.reached(projection, topic, partition)

    async def _follow(self, query: str) -> None:
        self.queries.append(query)
        if not self.projects.is_set():
            return
        for context in contexts().values():
            for projection in context.projections:
                for partition in range(PARTITIONS):
                    if (projection.name, partition) not in self.paused:
                        await self._follow_lane(projection, partition)
                    for section in projection.sections:
                        if (follower_name(projection.name, section.name), partition) not in self.paused:
                            await self._follow_section(projection, section, partition)

    async def _follow_section(self, projection: Projection, section: Section, partition: int) -> None:
        generation, topic = Generation(projection.name), lane_topic(Topics().events(section.context), section.name)
        before = await self._writer.checkpoint(generation, topic, partition)
        events = self.lanes.get((section.context, partition), [])[before.sequence :]
        if not events:
            return
        of_section = concerned(section, events, {})
        documents = [section.document_id(event.event) for event in of_section]
        stored = await self._writer.section_values(SectionOfLane(generation, section.name, partition), documents)
        folded = fold_section(projection.name, section, of_section, stored)
        assert not folded.parked, folded.parked
        after = Checkpoint(events[-1].sequence, events[-1].sequence)
        batch = ReadModelBatch(generation, topic, partition, before, after, folded.documents, (), ())
        await self._writer.commit(batch._replace(section=section.name))

    async def _follow_lane(self, projection: Projection, partition: int) -> None:
        generation, topic = Generation(projection.name), Topics().events(projection.context)
        before = await self._writer.checkpoint(generation, topic, partition)
        events = self.lanes.get((projection.context, partition), [])[before.sequence :]
        if not events:
            return
        stored = await self._writer.documents(generation, list({event.stream_id for event in events}))
        folded = fold(projection, events, stored)
        assert not folded.parked, folded.parked
        after = Checkpoint(events[-1].sequence, events[-1].sequence)
        await self._writer.commit(
            ReadModelBatch(generation, topic, partition, before, after, folded.documents, folded.added, folded.removed)
        )
