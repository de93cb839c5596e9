"""Whether the read-model store still has what the lane has written: it may lose a part and say nothing.

A server that evicts keys, an operator who deletes one, a restore that leaves something out: the checkpoint stays, and
what is gone is missing for good unless somebody looks. Three looks find it, and none of them is paid for by a batch in
which nothing is missing:
- a batch that does not find the document of a stream that has begun asks the table whether there should be one;
- every `LOOK_INTERVAL_SECONDS` a stretch of the lane's streams is looked at, round and round, busy or not;
- once something was missing, or the server has evicted keys, the whole lane is looked at before it goes on.
The table decides what there should be: a stream may lead to no document, as that of a deleted user does.
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
SEQUENCES_AT_A_TIME = 1000
MAX_REMEMBERED = 10_000
MAX_NAMED = 20

log = structlog.get_logger(__name__)


class Integrity:
    """Looks at one lane's part of a read model. It writes nothing: the lane does, at its checkpoint.

    `suspected` says why the whole lane must be looked at; empty: nothing speaks for it.
    """

    def __init__(
        self, projection: Projection, partition: int, table: StreamTable, store: ReadModelWriter, clock: Clock
    ):
        self.suspected = ""
        self._projection = projection
        self._partition = partition
        self._table = table
        self._store = store
        self._clock = clock
        self._looked_at = clock()
        self._position = 0
        self._signs: ServerSigns | None = None
        self._without: set[str] = set()

    async def ask_server(self) -> None:
        """Compare what the server says of itself with the last time. Raises EvictionAllowed or Unavailable."""
        try:
            signs = await self._store.signs()
        except EvictionAllowed as error:
            self.suspect(f"the server may have evicted keys by its policy {error.policy}")
            raise
        before, self._signs = self._signs, signs
        if signs is not None and _has_evicted(before, signs):
            self.suspect("the server has evicted keys", anew=True)

    def suspect(self, why: str, *, anew: bool = False) -> None:
        """Have the whole lane looked at; `anew`: from its beginning, also if that is under way."""
        if anew or not self.suspected:
            self._position = 0
        self.suspected = self.suspected or why

    @property
    def due(self) -> bool:
        """Whether it is time for the next look; it is noted as taken."""
        now = self._clock()
        if now - self._looked_at < LOOK_INTERVAL_SECONDS:
            return False
        self._looked_at = now
        return True

    async def next_missing(self, generation: Generation, until: int, *, by_this_code: bool) -> Sequence[str] | None:
        """Of the next stretch of streams those that `missing` names; None, once, when the end was reached before, which
        is the sequence `until`. Raises Unavailable.
        """
        if self._position >= until:
            self._position = 0
            return None
        end = min(self._position + SEQUENCES_AT_A_TIME, until)
        ids = await self._table.streams_begun(self._projection.context, self._partition, self._position, end)
        found = await self.missing(generation, ids, by_this_code=by_this_code) if ids else []
        self._position = end
        return found

    async def missing(self, generation: Generation, ids: Sequence[str], *, by_this_code: bool) -> Sequence[str]:
        """Those that lack their document or some of its index entries, as far as the store alone can tell: a stream may
        as well lead to no document, or never have led to that entry. Raises Unavailable.

        Other code than this may have given fewer streams a document, or fewer entries; then only the one entry counts
        that all documents have.
        """
        stored = await self._store.documents(generation, ids)
        wanted = {each: self._entries_of(each, stored.get(each) if by_this_code else None) for each in ids}
        present = await self._store.present(generation, [entry for each in wanted.values() for entry in each])
        return [
            each
            for each, entries_of_it in wanted.items()
            if (each in stored and not present >= entries_of_it)
            or (each not in stored and (present >= entries_of_it or self._may_be_lost(each, by_this_code)))
        ]

    def _may_be_lost(self, document_id: str, by_this_code: bool) -> bool:
        return by_this_code and document_id not in self._without

    def _entries_of(self, document_id: str, document: Document | None) -> frozenset[IndexChange]:
        """The entries that a stored document must have; the one that all have, if it is spoilt or missing."""
        try:
            found = entries(self._projection, document) or {ALL}
        except Exception:  # noqa: BLE001  # the document is spoilt: `annals verify` says how
            found = frozenset({ALL})
        return frozenset(IndexChange(index, document_id) for index in found)

    def leads_to_none(self, document_id: str) -> bool:
        """Whether a stream is known to have no document."""
        return document_id in self._without

    def forget(self) -> None:
        """Another owner may have written: which streams have no document is not known any more."""
        self._without.clear()

    def note(self, documents: Mapping[str, object]) -> None:
        """Documents were written; those that are None have none from now on."""
        if self._without:
            self._without.difference_update(documents)
        without = [each for each, document in documents.items() if document is None]
        if without:
            if len(self._without) > MAX_REMEMBERED:
                self._without.clear()
            self._without.update(without)

    def say_lost(self, generation: Generation, lost: Sequence[str]) -> None:
        """Say which documents were missing, and suspect the rest."""
        self.suspect("documents were missing")
        telemetry.DOCUMENTS_LOST.labels(self._projection.name).inc(len(lost))
        log.error(
            "the read-model store had lost documents; built again from the table",
            projection=self._projection.name,
            generation=generation.number,
            partition=self._partition,
            documents=len(lost),
            ids=list(lost[:MAX_NAMED]),
            advice="see what evicts, expires or deletes keys of this Redis",
        )


def _has_evicted(before: ServerSigns | None, now: ServerSigns) -> bool:
    """Whether keys that may be ours were evicted since `before`; None: since the server's start."""
    known = 0 if before is None or before.run_id != now.run_id else before.evicted
    return now.evicted != known and not now.spares_ours
