"""Restores what the read-model store has lost of one lane of a section: from the table, at the lane's checkpoint.

`SectionIntegrity` says what is missing, and this module writes and logs it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NoReturn

import structlog

from workers.lanes.work import Restart
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, PartlyWritten
from workers.ports.sections import SectionStore, SectionValue
from workers.projection.folding import Folded
from workers.projection.integrity import MAX_NAMED
from workers.projection.part import Part
from workers.projection.section_integrity import SectionIntegrity
from workers.projection.section_values import SectionValues

NOTHING = Folded({}, (), (), ())

log = structlog.get_logger(__name__)


class SectionRestoring:
    """Keeps one lane's values in a section complete. `name` is the section's follower name, `code` its fingerprint."""

    def __init__(
        self, name: str, code: str, part: Part, values: SectionValues, integrity: SectionIntegrity, store: SectionStore
    ) -> None:
        self._name = name
        self._code = code
        self._part = part
        self._values = values
        self._integrity = integrity
        self._store = store

    async def begin(self, parked: Sequence[ParkedStream], *, unchanged: bool) -> None:
        """The lane was acquired; the store has these parked streams. `unchanged`: no other has written since this
        process did, so the parked streams that it remembers are still right.
        """
        if unchanged and self._is_exclusive:
            await self._park_again(parked)
        else:
            self._part.waiting = {stream.stream_id: stream for stream in parked}

    async def commit(self, folded: Folded, checkpoint: Checkpoint, unparked: Sequence[str] = ()) -> None:
        """Write a batch of the lane. Raises Restart if another has written."""
        try:
            await self._part.commit(folded, checkpoint, unparked)
        except CheckpointMoved as error:
            raise Restart("the read model's checkpoint was moved by another") from error
        except PartlyWritten:
            self._integrity.suspect()
            raise

    async def start_over(self) -> None:
        """The checkpoint is not of this table: the values may have events that never were. They go first, for a process
        that ends in between must find the checkpoint that made it begin.
        """
        log.error(
            "the read model's checkpoint is ahead of the table; the lane starts over",
            projection=self._name,
            partition=self._part.partition,
            sequence=self._part.checkpoint.sequence,
        )
        await self._store.clear_section(self._values.of_lane)
        await self.commit(NOTHING, Checkpoint(0, 0, self._code))

    async def start_over_unsure(self, unsure: Sequence[str]) -> NoReturn:
        """The code raises on events of these values, whose parked streams are lost. Read from the beginning, the lane
        parks them again. The checkpoint goes first: without it the old values are ahead, and nothing counts on them.
        """
        log.error(
            "values ahead of their checkpoint cannot be set back, for the code raises on them; the lane starts over",
            projection=self._name,
            partition=self._part.partition,
            ids=unsure[:MAX_NAMED],
        )
        await self.commit(NOTHING, Checkpoint(0, 0, self._code))
        await self._store.clear_section(self._values.of_lane)
        raise Restart("a section's lane starts over")

    async def check(self) -> None:
        """Now and then, look for parked streams and values that the store has lost, and write them again."""
        part, integrity = self._part, self._integrity
        if part.building is not None:
            return
        if part.waiting and self._is_exclusive and integrity.is_due(part.checkpoint.sequence):
            await self._park_again(await part.parked())
        until, by_this_code = part.checkpoint.sequence, self._by_this_code
        restored = await integrity.lost_values(self._values.of_lane, until, part.waiting, by_this_code=by_this_code)
        await self._write(restored)

    async def restore(self, document_ids: Sequence[str]) -> AbstractSet[str]:
        """Write those values of these documents that the store has lost, before waiting events are counted on them: a
        value that is begun again would hide the loss. The whole lane is read for values that do not exist.

        Returns the documents whose values nobody can tell, for this code raises on events that other code may have
        applied. What this code itself has not applied, an operator had skipped.
        """
        stored = await self._store.section_values(self._values.of_lane, document_ids) if document_ids else {}
        lacking = set(document_ids).difference(stored)
        if not lacking:
            return frozenset()
        fold = await self._values.fold(lacking)
        unsure = {name for name in fold.streams if fold.is_unsure(name) and not self._by_this_code}
        lost = {name: value for name, value in fold.values.items() if name not in unsure}
        await self._write(lost)
        if lost:
            self._integrity.suspect()
        return unsure

    async def _write(self, values: Mapping[str, SectionValue]) -> None:
        if values:
            documents = {document_id: value.encoded() for document_id, value in values.items()}
            await self.commit(NOTHING._replace(documents=documents), self._part.touched_checkpoint)
            self._integrity.report_lost(self._name, self._values.of_lane, list(documents))

    @property
    def _by_this_code(self) -> bool:
        return self._part.checkpoint.code == self._code

    @property
    def _is_exclusive(self) -> bool:
        """Whether the checkpoint shows that no other has unparked a stream: at the offset 0 nothing would."""
        return self._part.checkpoint != START and self._part.checkpoint.offset > 0

    async def _park_again(self, stored: Sequence[ParkedStream]) -> None:
        if lost := self._part.parked_and_lost(stored):
            await self.commit(lost, self._part.touched_checkpoint)
            self._integrity.suspect()
