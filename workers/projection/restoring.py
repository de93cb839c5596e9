"""Restores what the read-model store has lost of one lane: from the table, at the lane's checkpoint.

`Integrity` says what is missing, `Rebuilding` folds it, and this module writes and logs it. A lane that has lost
something is checked as a whole before it continues. It is not owned until then, so its process is not ready.
"""

from collections.abc import Mapping, Sequence

import structlog

from contracts.stored_events import StoredEvents
from workers.core.projection import Document, Projection
from workers.lanes.work import Restart
from workers.ports.clock import Clock
from workers.ports.event_store import StreamTable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import (
    START,
    Checkpoint,
    CheckpointMoved,
    IndexChange,
    PartlyWritten,
    ReadModelWriter,
    ServerSigns,
)
from workers.projection.code import code_of_projection
from workers.projection.folding import ALL, Folded, entries
from workers.projection.integrity import MAX_CHECK_SECONDS, Integrity
from workers.projection.part import Part
from workers.projection.rebuilding import LanePosition, Rebuilding

log = structlog.get_logger(__name__)


class Restoring:
    """Keeps one lane's part of a read model complete."""

    def __init__(
        self,
        projection: Projection,
        part: Part,
        models: StoredEvents,
        table: StreamTable,
        store: ReadModelWriter,
        clock: Clock,
    ) -> None:
        self.code = code_of_projection(projection, models)
        self._part = part
        self._store = store
        self._clock = clock
        self._integrity = Integrity(projection, part.partition, table, store, clock)
        self._rebuilding = Rebuilding(projection, models, table)
        self._projection = projection
        self._has_versions = True

    async def ask_server(self) -> None:
        """Raises EvictionAllowed or Unavailable."""
        await self._integrity.ask_server()

    def note_signs(self, signs: ServerSigns | None) -> None:
        """What the server reports now about evictions."""
        self._integrity.note_signs(signs)

    @property
    def is_at_rest(self) -> bool:
        """Whether `check` would do nothing: an empty lane has nothing to check but the server's signs."""
        return not self._integrity.suspicion and not (self._part.checkpoint.sequence and self._integrity.is_time)

    async def begin(self, parked: Sequence[ParkedStream], *, unchanged: bool) -> None:
        """The lane was acquired; the store has these parked streams. `unchanged`: no other has written since this
        process did, so the parked streams that it remembers are still right.
        """
        part = self._part
        if unchanged:
            await self._park_again(parked)
        else:
            part.waiting = {stream.stream_id: stream for stream in parked}
            self._integrity.forget()
        if part.checkpoint == START:
            self._integrity.suspicion = ""  # everything is built again
        elif self._integrity.suspicion:
            await self._check_whole_lane()

    async def commit(self, folded: Folded, checkpoint: Checkpoint, unparked: Sequence[str] = ()) -> None:
        """Write a batch of the lane. Raises Restart if another has written."""
        try:
            await self._part.commit(folded, checkpoint, unparked)
        except CheckpointMoved as error:
            raise Restart("the read model's checkpoint was moved by another") from error
        except PartlyWritten:
            self._integrity.suspect("a part of a transaction was refused", restart=True)
            raise
        self._integrity.note(folded.documents)

    async def restore(self, lacking: Sequence[str]) -> bool:
        """Of these documents, which the store does not have, restore those that should exist. Returns whether there
        were any.
        """
        integrity, waiting = self._integrity, self._part.waiting
        suspects = [
            stream_id for stream_id in lacking if stream_id not in waiting and not integrity.has_no_document(stream_id)
        ]
        if not suspects:
            return False
        return await self._restore(await self._missing(suspects))

    async def set_back(self, stored: Mapping[str, Document], first: Mapping[str, int]) -> bool:
        """Write as of the checkpoint those stored documents that already have the next events, from the version `first`
        on. Only the checkpoint was set back, and those events would be applied twice. Returns whether there were any.
        """
        if not self._has_versions:
            return False
        ahead = [
            document_id for document_id, document in stored.items() if _version_of(document) >= first[document_id] > 1
        ]
        if not ahead:
            return False
        part = self._part
        at = LanePosition(part.partition, part.checkpoint.sequence, part.waiting)
        documents, folded = await self._rebuilding.documents(ahead, at)
        if all(document == stored[document_id] for document_id, document in documents.items()):
            self._has_versions = False  # their field `version` means something else
            return False
        old = {
            IndexChange(index, document_id)
            for document_id in documents
            for index in entries(self._projection, stored[document_id])
        }
        await self.commit(folded._replace(removed=sorted(old.difference(folded.added))), part.touched_checkpoint)
        log.error(
            "documents were ahead of their lane's checkpoint; set back to it",
            projection=part.name,
            partition=part.partition,
            documents=len(documents),
            advice="find out what writes to this Redis, or has restored a part of it",
        )
        return True

    async def restore_waiting(self, parked: ParkedStream) -> None:
        """Restore the document of a parked stream if it is lost."""
        if parked.stream_version > 1:
            await self._restore(await self._missing([parked.stream_id]))

    async def check(self) -> None:
        """Now and then, check the server and a stretch of the lane. Raises Restart if the whole lane must be checked,
        EvictionAllowed if the server may evict keys.
        """
        if self._part.building is not None:
            return
        if self._integrity.is_due():
            if not self._integrity.has_fresh_signs:
                await self.ask_server()
            if not self._integrity.suspicion:
                if self._part.waiting:
                    await self._park_again(await self._part.parked())
                missing = await self._next_missing()
                await self._restore(await self._next_missing() or () if missing is None else missing)
        if self._integrity.suspicion:
            raise Restart(f"the whole read model is checked: {self._integrity.suspicion}")

    async def _check_whole_lane(self) -> None:
        ends_at = self._clock() + MAX_CHECK_SECONDS
        reason = self._integrity.suspicion
        while (missing := await self._next_missing()) is not None:
            await self._restore(missing)
            if self._clock() > ends_at:
                raise Restart(f"the whole read model is still being checked: {reason}")
        self._integrity.suspicion = ""
        lane = {"projection": self._part.name, "partition": self._part.partition}
        log.info("the read model was checked and is complete", **lane, because=reason)

    @property
    def _by_this_code(self) -> bool:
        return self._part.checkpoint.code == self.code

    async def _missing(self, stream_ids: Sequence[str]) -> Sequence[str]:
        return await self._integrity.missing(self._part.generation, stream_ids, by_this_code=self._by_this_code)

    async def _next_missing(self) -> Sequence[str] | None:
        until = self._part.checkpoint.sequence
        return await self._integrity.next_missing(self._part.generation, until, by_this_code=self._by_this_code)

    async def _restore(self, stream_ids: Sequence[str]) -> bool:
        """Write these documents as the table has them at the lane's checkpoint. Returns whether any was lost."""
        if not stream_ids:
            return False
        part = self._part
        at = LanePosition(part.partition, part.checkpoint.sequence, part.waiting)
        documents, folded = await self._rebuilding.documents(stream_ids, at)
        lost = {document_id: document for document_id, document in folded.documents.items() if document is not None}
        without = [IndexChange(ALL, document_id) for document_id in documents if document_id not in lost]
        left_over = await self._store.present(part.generation, without)
        if lost or left_over or folded.parked:
            await self.commit(folded._replace(documents=lost, removed=sorted(left_over)), part.touched_checkpoint)
        self._integrity.note(documents)
        if lost:
            self._integrity.report_lost(part.generation, list(lost))
        return bool(lost)

    async def _park_again(self, stored: Sequence[ParkedStream]) -> None:
        if lost := self._part.parked_and_lost(stored):
            await self.commit(lost, self._part.touched_checkpoint)
            self._integrity.suspect("parked streams were missing")


def _version_of(document: Document) -> int:
    """The stream version of the last event that a document has, if it follows our habit of a field `version`."""
    version = document.get("version")
    return version if isinstance(version, int) else 0
