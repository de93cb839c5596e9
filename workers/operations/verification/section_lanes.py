"""One lane of a section, and the fold of the table that its values must be.

Values, checkpoint and parked streams are read as of one moment, and the fold goes exactly as far. So the comparison is
exact while workers go on writing. It is made for some documents at a time, so that memory stays bounded; each time the
lane is read from its beginning, for no index of the table leads from a document to its events.
"""

from collections.abc import Mapping, Sequence
from heapq import nsmallest
from typing import NamedTuple

from workers.core.projection import Section
from workers.operations.verification.sources import Sources
from workers.ports.sections import SectionAtMoment, SectionOfLane, lane_topic
from workers.projection.section_fold import RaisedAt, SectionFold

DOCUMENTS_AT_A_TIME = 10_000
MAX_LOOKS = 5
"""How often a lane is folded again whose parked streams change, or whose checkpoint is set back, meanwhile."""


class ComparedSection(NamedTuple):
    """Values of a lane as of one moment, and the fold of the lane's events up to it."""

    moment: SectionAtMoment
    fold: SectionFold


class Chunk:
    """Document ids behind `after`, in order: when there are too many, the smallest; the next chunk has the others."""

    def __init__(self, after: str) -> None:
        self.after = after
        self.last: str | None = None
        self.ids: set[str] = set()

    def note(self, document_id: str) -> bool:
        """Add an id that belongs to the chunk, as far as the ids up to now tell. False: its value is not wanted yet."""
        if document_id > self.after and (self.last is None or document_id <= self.last):
            self.ids.add(document_id)
            if len(self.ids) > 2 * DOCUMENTS_AT_A_TIME:
                self.close()
        return False

    def close(self) -> list[str]:
        """Leave the ids out that are too many; the others, in order."""
        chosen = nsmallest(DOCUMENTS_AT_A_TIME, self.ids)
        if len(chosen) < len(self.ids):
            self.ids, self.last = set(chosen), chosen[-1]
        return chosen


class SectionLaneOfModel:
    """One lane of a section of a generation's documents. `raised`: where its code could not apply an event, by
    stream id.
    """

    def __init__(self, sources: Sources, section: Section, of_lane: SectionOfLane) -> None:
        self.sources = sources
        self.section = section
        self.of_lane = of_lane
        self.topic = lane_topic(sources.topics.events(section.context), section.name)
        self.raised: dict[str, RaisedAt] = {}

    async def at_one_moment(self, document_ids: Sequence[str]) -> SectionAtMoment:
        """As `StoredSections.section_at_one_moment`."""
        return await self.sources.documents.section_at_one_moment(self.of_lane, self.topic, document_ids)

    async def next_ids(self, after: str) -> list[str]:
        """Some documents of the lane behind this id, in order; none: there are no more. Raises Unavailable."""
        chunk, moment = Chunk(after), await self.at_one_moment([])
        fold = SectionFold(self.section, self.sources.models, self.of_lane.partition, moment.parked, chunk.note)
        await fold.read(self.sources.table, moment.checkpoint.sequence)
        self.raised |= fold.raised
        return chunk.close()

    async def compared(
        self, document_ids: Sequence[str], skipped: Mapping[str, frozenset[int]] | None = None
    ) -> ComparedSection:
        """These documents' values, and the fold up to the moment at which they are read, without the skipped versions
        (by stream id). Raises Unavailable.
        """
        wanted = set(document_ids)
        moment = await self.at_one_moment(document_ids)
        for _ in range(MAX_LOOKS):
            partition, parked = self.of_lane.partition, moment.parked
            fold = SectionFold(self.section, self.sources.models, partition, parked, wanted.__contains__, skipped)
            await fold.read(self.sources.table, moment.checkpoint.sequence)
            moment = await self.at_one_moment(document_ids)
            if moment.parked == parked and moment.checkpoint.sequence >= fold.sequence:
                break
        await fold.read(self.sources.table, moment.checkpoint.sequence)
        self.raised |= fold.raised
        return ComparedSection(moment, fold)
