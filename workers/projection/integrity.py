"""Notices when the read-model store has lost something that the lane has written.

A server evicts keys, an operator deletes one, a restore leaves something out: the checkpoint stays, and the rest would
be missing for good. Three checks find it. A batch for which nothing is missing pays for none of them:

- A batch that does not find the document of a stream that has begun asks the table whether there should be one.
- Every `LOOK_INTERVAL_SECONDS`, the lane checks a stretch of its streams, round and round, busy or not.
- Once something was missing, or the server has evicted keys, the lane checks all of its streams before it continues.

The table decides what should be there: a stream may lead to no document, as that of a deleted user does.
"""

from collections.abc import Mapping, Sequence

import structlog

from workers import telemetry
from workers.core.projection import Document, Projection
from workers.ports.clock import Clock
from workers.ports.event_store import StreamTable
from workers.ports.read_models import EvictionAllowed, Generation, IndexChange, ReadModelWriter, ServerSigns
from workers.projection.folding import ALL, entries

LOOK_INTERVAL_SECONDS = 5.0
MAX_CHECK_SECONDS = 60.0
"""The longest check of a whole lane without a pause: the process must show that it is alive."""
SEQUENCES_AT_A_TIME = 1000
MAX_REMEMBERED = 10_000
MAX_NAMED = 20

log = structlog.get_logger(__name__)


class Integrity:
    """Checks one lane's part of a read model. It writes nothing: the lane does, at its checkpoint.

    `suspicion` says why all of the lane must be checked; empty: there is no reason to.
    """

    def __init__(
        self, projection: Projection, partition: int, table: StreamTable, store: ReadModelWriter, clock: Clock
    ):
        self.suspicion = ""
        self._projection = projection
        self._partition = partition
        self._table = table
        self._store = store
        self._clock = clock
        self._looked_at = clock()
        self._position = 0
        self._signs: ServerSigns | None = None
        self._signs_at: float | None = None
        self._without_document: set[str] = set()

    async def ask_server(self) -> None:
        """Compare what the server says about evictions with its last answer. Raises EvictionAllowed or Unavailable."""
        try:
            signs = await self._store.signs()
        except EvictionAllowed as error:
            self.suspect(f"the server may have evicted keys by its policy {error.policy}")
            raise
        self.note_signs(signs)

    def note_signs(self, signs: ServerSigns | None) -> None:
        """Compare what the server says about evictions now with what it said before."""
        before, self._signs, self._signs_at = self._signs, signs, self._clock()
        if signs is not None and has_evicted(before, signs):
            self.suspect("the server has evicted keys", restart=True)

    def suspect(self, reason: str, *, restart: bool = False) -> None:
        """Have all of the lane checked. `restart`: from its beginning, even if such a check is under way."""
        if restart or not self.suspicion:
            self._position = 0
        self.suspicion = self.suspicion or reason

    @property
    def has_fresh_signs(self) -> bool:
        """Whether the server has reported its signs since the interval began."""
        return self._signs_at is not None and self._clock() - self._signs_at < LOOK_INTERVAL_SECONDS

    @property
    def is_time(self) -> bool:
        """Whether the interval since the last look has passed."""
        return self._clock() - self._looked_at >= LOOK_INTERVAL_SECONDS

    def is_due(self) -> bool:
        """Whether it is time; if so, this is the look."""
        is_time = self.is_time
        if is_time:
            self._looked_at = self._clock()
        return is_time

    async def next_missing(self, generation: Generation, until: int, *, by_this_code: bool) -> Sequence[str] | None:
        """Of the next stretch of streams, those that `missing` names. None, once, when the sequence `until` was reached
        before; the next call starts again at the beginning. Raises Unavailable.
        """
        if self._position >= until:
            self._position = 0
            return None
        end = min(self._position + SEQUENCES_AT_A_TIME, until)
        ids = await self._table.streams_begun(self._projection.context, self._partition, self._position, end)
        missing = await self.missing(generation, ids, by_this_code=by_this_code) if ids else []
        self._position = end
        return missing

    async def missing(self, generation: Generation, ids: Sequence[str], *, by_this_code: bool) -> Sequence[str]:
        """The streams that lack their document or some of its index entries, as far as the store alone can tell: a
        stream may also lead to no document, or never have led to that entry. Raises Unavailable.

        Other code than this may have given fewer streams a document, or documents fewer entries; then only the entry
        that every document has is checked.
        """
        stored = await self._store.documents(generation, ids)
        wanted = {
            document_id: self._entries_of(document_id, stored.get(document_id) if by_this_code else None)
            for document_id in ids
        }
        all_entries = [entry for document_entries in wanted.values() for entry in document_entries]
        present = await self._store.present(generation, all_entries)
        return [
            document_id
            for document_id, expected in wanted.items()
            if (document_id in stored and not present >= expected)
            or (document_id not in stored and (present >= expected or self._may_be_lost(document_id, by_this_code)))
        ]

    def _may_be_lost(self, document_id: str, by_this_code: bool) -> bool:
        return by_this_code and document_id not in self._without_document

    def _entries_of(self, document_id: str, document: Document | None) -> frozenset[IndexChange]:
        """The entries that a stored document must have; if it is spoilt or missing, the one that all documents have."""
        try:
            indexes = entries(self._projection, document) or {ALL}
        except Exception:  # noqa: BLE001  # the document is spoilt: `annals verify` says how
            indexes = frozenset({ALL})
        return frozenset(IndexChange(index, document_id) for index in indexes)

    def has_no_document(self, document_id: str) -> bool:
        """Whether the stream leads to no document, as far as this process remembers."""
        return document_id in self._without_document

    def forget(self) -> None:
        """Another owner may have written: forget which streams have no document."""
        self._without_document.clear()

    def note(self, documents: Mapping[str, object]) -> None:
        """Documents were written; None: the stream has no document from now on."""
        if self._without_document:
            self._without_document.difference_update(documents)
        removed = [document_id for document_id, document in documents.items() if document is None]
        if removed:
            if len(self._without_document) > MAX_REMEMBERED:
                self._without_document.clear()
            self._without_document.update(removed)

    def report_lost(self, generation: Generation, ids: Sequence[str]) -> None:
        """Log and count the documents that were missing, and suspect the rest."""
        self.suspect("documents were missing")
        telemetry.DOCUMENTS_LOST.labels(self._projection.name).inc(len(ids))
        log.error(
            "the read-model store had lost documents; they were rebuilt from the table",
            projection=self._projection.name,
            generation=generation.number,
            partition=self._partition,
            documents=len(ids),
            ids=list(ids[:MAX_NAMED]),
            advice="find out what evicts, expires or deletes keys of this Redis",
        )


def has_evicted(before: ServerSigns | None, now: ServerSigns) -> bool:
    """Whether keys that may be ours were evicted since `before`; None: since the server's start."""
    evicted_before = 0 if before is None or before.run_id != now.run_id else before.evicted
    return now.evicted != evicted_before and not now.spares_ours
