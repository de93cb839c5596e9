"""What the read-model store has lost of one lane is built again from the table, at the lane's checkpoint.

Where it stands: `Integrity` says what lacks, `Rebuilding` folds it, this writes it and says so. A lane that has lost
something is looked at as a whole before it goes on, and is not held until then: so its process is not ready.
"""

from collections.abc import Mapping, Sequence

import structlog

from contracts.message import Event
from workers.core.projection import Document, Projection
from workers.fingerprint import fingerprint
from workers.lanes.work import Restart
from workers.ports.clock import Clock
from workers.ports.event_store import StreamTable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import START, Checkpoint, CheckpointMoved, IndexChange, PartlyWritten, ReadModelWriter
from workers.projection.folding import ALL, Folded, entries
from workers.projection.integrity import Integrity
from workers.projection.part import Part
from workers.projection.rebuilding import Place, Rebuilding

MAX_LOOK_SECONDS = 60.0
"""So long a lane is looked at as a whole without a pause: its process must be seen to be alive."""

log = structlog.get_logger(__name__)


class Restoring:
    """Keeps a part whole."""

    def __init__(
        self,
        projection: Projection,
        part: Part,
        models: Mapping[str, type[Event]],
        table: StreamTable,
        store: ReadModelWriter,
        clock: Clock,
    ) -> None:
        self.code = fingerprint(projection.evolve, projection.indexes)
        self._part = part
        self._store = store
        self._clock = clock
        self._integrity = Integrity(projection, part.partition, table, store, clock)
        self._rebuilding = Rebuilding(projection, models, table)
        self._projection = projection
        self._versions_tell = True

    async def ask_server(self) -> None:
        """Raises EvictionAllowed or Unavailable."""
        await self._integrity.ask_server()

    async def begin(self, parked: Sequence[ParkedStream], *, unchanged: bool) -> None:
        """The lane was taken. `unchanged`: nobody has written since this process did; then what waits is known."""
        part = self._part
        if unchanged:
            await self._park_again(parked)
        else:
            part.waiting = {each.stream_id: each for each in parked}
            self._integrity.forget()
        if part.checkpoint == START:
            self._integrity.suspected = ""  # all of it is built again
        elif self._integrity.suspected:
            await self._look_through()

    async def commit(self, folded: Folded, checkpoint: Checkpoint, unparked: Sequence[str] = ()) -> None:
        """Write a batch of the lane. Raises Restart when another has written."""
        try:
            await self._part.commit(folded, checkpoint, unparked)
        except CheckpointMoved as error:
            raise Restart("the read model's checkpoint was moved by another") from error
        except PartlyWritten:
            self._integrity.suspect("a part of a transaction was refused", anew=True)
            raise
        self._integrity.note(folded.documents)

    async def restore(self, lacking: Sequence[str]) -> bool:
        """Restore those of these documents, which are not found, that there should be. Whether there were any."""
        integrity, waiting = self._integrity, self._part.waiting
        unknown = [each for each in lacking if each not in waiting and not integrity.leads_to_none(each)]
        if not unknown:
            return False
        return await self._restore(await self._missing(unknown))

    async def set_back(self, stored: Mapping[str, Document], first: Mapping[str, int]) -> bool:
        """Write as of the checkpoint those documents that hold what comes now: events of the version `first` on. The
        checkpoint alone was set back, and they would hold it twice. Whether there were any.
        """
        if not self._versions_tell:
            return False
        ahead = [each for each, document in stored.items() if _version_of(document) >= first[each] > 1]
        if not ahead:
            return False
        part = self._part
        at = Place(part.partition, part.checkpoint.sequence, part.waiting)
        documents, folded = await self._rebuilding.documents(ahead, at)
        if all(document == stored[each] for each, document in documents.items()):
            self._versions_tell = False  # what they call their version is something else
            return False
        old = {IndexChange(index, each) for each in documents for index in entries(self._projection, stored[each])}
        await self.commit(folded._replace(removed=sorted(old.difference(folded.added))), part.beside)
        log.error(
            "documents were ahead of their lane's checkpoint; set back to it",
            projection=part.name,
            partition=part.partition,
            documents=len(documents),
            advice="see what writes to this Redis, or has restored a part of it",
        )
        return True

    async def restore_waiting(self, parked: ParkedStream) -> None:
        """Restore the document of a stream that waits, if it is lost."""
        if parked.stream_version > 1:
            await self._restore(await self._missing([parked.stream_id]))

    async def look(self) -> None:
        """From time to time, look at the server and at a stretch of the lane. Raises Restart when the whole lane must
        be looked at, EvictionAllowed when the server is not one to work on.
        """
        if self._part.building is not None:
            return
        if self._integrity.due:
            await self.ask_server()
            if not self._integrity.suspected:
                await self._park_again(await self._part.parked())
                missing = await self._next_missing()
                await self._restore(await self._next_missing() or () if missing is None else missing)
        if self._integrity.suspected:
            raise Restart(f"the whole read model is looked at: {self._integrity.suspected}")

    async def _look_through(self) -> None:
        ends = self._clock() + MAX_LOOK_SECONDS
        because = self._integrity.suspected
        while (missing := await self._next_missing()) is not None:
            await self._restore(missing)
            if self._clock() > ends:
                raise Restart(f"the whole read model is still looked at: {because}")
        self._integrity.suspected = ""
        place = {"projection": self._part.name, "partition": self._part.partition}
        log.info("the read model was looked at and is whole", **place, because=because)

    @property
    def _by_this_code(self) -> bool:
        return self._part.checkpoint.code == self.code

    async def _missing(self, stream_ids: Sequence[str]) -> Sequence[str]:
        return await self._integrity.missing(self._part.generation, stream_ids, by_this_code=self._by_this_code)

    async def _next_missing(self) -> Sequence[str] | None:
        until = self._part.checkpoint.sequence
        return await self._integrity.next_missing(self._part.generation, until, by_this_code=self._by_this_code)

    async def _restore(self, stream_ids: Sequence[str]) -> bool:
        """Write these documents as the table has them, as far as the lane has come. Whether any was lost."""
        if not stream_ids:
            return False
        part = self._part
        at = Place(part.partition, part.checkpoint.sequence, part.waiting)
        documents, folded = await self._rebuilding.documents(stream_ids, at)
        lost = {each: written for each, written in folded.documents.items() if written is not None}
        nowhere = [IndexChange(ALL, each) for each in documents if each not in lost]
        left_over = await self._store.present(part.generation, nowhere)
        if lost or left_over or folded.parked:
            await self.commit(folded._replace(documents=lost, removed=sorted(left_over)), part.beside)
        self._integrity.note(documents)
        if lost:
            self._integrity.say_lost(part.generation, list(lost))
        return bool(lost)

    async def _park_again(self, stored: Sequence[ParkedStream]) -> None:
        """Write what is known to wait and the store has lost: else a stream would go on behind a gap."""
        known = {each.stream_id for each in stored}
        lost = [each for stream_id, each in self._part.waiting.items() if stream_id not in known]
        if lost:
            log.error("the store had lost parked streams", streams=sorted(each.stream_id for each in lost))
            await self.commit(Folded({}, (), (), lost), self._part.beside)
            self._integrity.suspect("parked streams were missing")


def _version_of(document: Document) -> int:
    """The last event that a document holds, by what documents are used to say of themselves."""
    version = document.get("version")
    return version if isinstance(version, int) else 0
