"""One lane of a section, and the fold of the table that its values must be.

Values, checkpoint and parked streams are read as of one moment, and the fold goes exactly as far. So the comparison is
exact while workers go on writing. It is made for some documents at a time, so that memory stays bounded; each time the
lane is read from its beginning, for no index of the table leads from a document to its events.
"""

from collections.abc import Sequence
from heapq import nsmallest
from typing import NamedTuple

from workers.core.projection import Section
from workers.operations.verification.skipped_events import SkippedVersions, skipped_events
from workers.operations.verification.sources import Sources
from workers.parking import Raised
from workers.ports.sections import SectionAtMoment, SectionOfLane, follower_name, lane_topic
from workers.projection.section_fold import SectionFold

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
    stream id; left out are events that an operator had skipped.
    """

    def __init__(self, sources: Sources, section: Section, of_lane: SectionOfLane) -> None:
        self.sources = sources
        self.section = section
        self.of_lane = of_lane
        self.topic = lane_topic(sources.topics.events(section.context), section.name)
        self.raised: dict[str, Raised] = {}
        self._skipped: dict[str, frozenset[int]] = {}
        """Events that were skipped and on which the code raises, by stream id: their versions."""

    async def at_one_moment(self, document_ids: Sequence[str]) -> SectionAtMoment:
        """As `StoredSections.section_at_one_moment`."""
        return await self.sources.documents.section_at_one_moment(self.of_lane, self.topic, document_ids)

    async def next_ids(self, after: str) -> list[str]:
        """Some documents of the lane behind this id, in order; none: there are no more. Raises Unavailable."""
        moment = await self.at_one_moment([])
        while True:
            chunk, partition = Chunk(after), self.of_lane.partition
            fold = SectionFold(self.section, self.sources.models, partition, moment.parked, chunk.note, self._skipped)
            await fold.read(self.sources.table, moment.checkpoint.sequence)
            if not await self._note_raised(fold):
                return chunk.close()

    async def skipped_events(self, stream_ids: Sequence[str]) -> SkippedVersions:
        """As `skipped_events` of this section."""
        follower = follower_name(self.of_lane.generation.projection, self.section.name)
        return await skipped_events(self.sources, "projection", follower, stream_ids)

    async def compared(self, document_ids: Sequence[str], skipped: SkippedVersions | None = None) -> ComparedSection:
        """These documents' values, and the fold up to the moment at which they are read, without the skipped versions
        (by stream id). Raises Unavailable.
        """
        compared = await self._compared(document_ids, skipped or {})
        while await self._note_raised(compared.fold):
            compared = await self._compared(document_ids, skipped or {})
        return compared

    async def _note_raised(self, fold: SectionFold) -> bool:
        """Note where the code raised. Returns whether some of it was skipped: the next fold leaves it out."""
        noted = {stream_id: at for stream_id, at in fold.raised.items() if self.raised.get(stream_id) != at}
        skipped = await self.skipped_events(sorted(noted))
        was_skipped = {
            stream_id: frozenset({at.stream_version})
            for stream_id, at in noted.items()
            if at.stream_version in skipped.get(stream_id, ())
        }
        self._skipped = _together(self._skipped, was_skipped)
        self.raised |= {stream_id: at for stream_id, at in noted.items() if stream_id not in was_skipped}
        return bool(was_skipped)

    async def _compared(self, document_ids: Sequence[str], skipped: SkippedVersions) -> ComparedSection:
        wanted, skipped = set(document_ids), _together(self._skipped, skipped)
        moment = await self.at_one_moment(document_ids)
        for _ in range(MAX_LOOKS):
            partition, parked = self.of_lane.partition, moment.parked
            fold = SectionFold(self.section, self.sources.models, partition, parked, wanted.__contains__, skipped)
            await fold.read(self.sources.table, moment.checkpoint.sequence)
            moment = await self.at_one_moment(document_ids)
            if moment.parked == parked and moment.checkpoint.sequence >= fold.sequence:
                break
        await fold.read(self.sources.table, moment.checkpoint.sequence)
        return ComparedSection(moment, fold)


def _together(some: SkippedVersions, others: SkippedVersions) -> dict[str, frozenset[int]]:
    none = frozenset[int]()
    return {name: some.get(name, none) | others.get(name, none) for name in {*some, *others}}
