"""The live read models against a fold of the table: documents, then index entries, from both sides.

Documents, checkpoints and parked streams are read at one moment, and the fold goes exactly as far: nothing has to come
to rest for the comparison to be exact.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infra.postgres.lists import listed
from infra.postgres.session import read_transaction
from infra.redis.documents import Entry, Look
from infra.verify.passed_over import PassedOver, passed_over
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources, storable
from workers.core.projection import Document, Projection
from workers.fingerprint import fingerprint
from workers.ports.parked import ParkedStream
from workers.ports.read_models import Checkpoint, Generation
from workers.projection.folding import ALL, entries
from workers.verification.findings import Verdict, What, WrongDocument
from workers.verification.read_model import DocumentFold, difference, entries_as_stored

STREAMS_AT_A_TIME = 500
LOOKS = 20
"""So often a document that keeps changing is looked at for its index entries."""


class Compared(NamedTuple):
    """Some documents at one moment, and what they should be."""

    look: Look
    fold: DocumentFold


class ReadModel:
    """One generation of a projection's read model, and how to look at it."""

    def __init__(self, sources: Sources, projection: Projection, generation: Generation) -> None:
        self.sources = sources
        self.projection = projection
        self.generation = generation
        self.topic = sources.topics.events(projection.context)
        self.partitions = range(sources.partitions)

    async def look(self, document_ids: Sequence[str], wanted: Sequence[Entry] = ()) -> Look:
        return await self.sources.documents.look(self.generation, self.topic, self.partitions, document_ids, wanted)

    async def compared(self, document_ids: Sequence[str]) -> Compared:
        """These documents, and the fold of their streams to the moment of the look."""
        look = await self.look(document_ids)
        return Compared(look, await self.folded(document_ids, look.reached, look.parked))

    async def folded(
        self,
        document_ids: Sequence[str],
        reached: Mapping[int, int],
        parked: Mapping[str, ParkedStream],
        without: PassedOver | None = None,
    ) -> DocumentFold:
        """The fold of these streams, each lane as far as it has come."""
        fold = DocumentFold(self.projection, self.sources.models, reached, parked, without)
        known = [each for each in document_ids if storable(each)]
        async with read_transaction(self.sources.database) as session:
            async for row in session.events_of(self.projection.context, known):
                fold.apply(row)
        return fold

    async def missing_entries(self, stored: Mapping[str, Document]) -> list[Entry]:
        """The index entries of these stored documents that are not there."""
        missing: list[Entry] = []
        for _ in range(LOOKS):
            wanted = [
                (index, each)
                for each, document in stored.items()
                for index in sorted(entries_as_stored(self.projection, document))
            ]
            if not wanted:
                break
            look = await self.look(list(stored), wanted)
            changed = {each for each in stored if look.documents.get(each) != stored[each]}
            missing += [entry for entry in wanted if entry not in look.present and entry[1] not in changed]
            stored = {each: look.documents[each] for each in changed if each in look.documents}
        return missing

    async def unexplained(self, found: list[Entry]) -> list[Entry]:
        """Those of these entries that stand there although neither the stored document nor the fold has them."""
        ids = sorted({document_id for _, document_id in found})
        look = await self.look(ids, found)
        suspects = [
            (index, each)
            for index, each in found
            if (index, each) in look.present
            and index not in entries_as_stored(self.projection, look.documents.get(each))
        ]
        if not suspects:
            return []
        of_them = sorted({document_id for _, document_id in suspects})
        fold = await self.folded(of_them, look.reached, look.parked)
        return [
            (index, each) for index, each in suspects if index not in entries(self.projection, fold.documents.get(each))
        ]


async def compare_read_model(sources: Sources, projection: Projection, verdict: Verdict, pace: Pace) -> None:
    """Compare the live generation of a projection. Raises Unavailable."""
    at_start = await sources.reached(projection.context)
    generation = await sources.documents.live(projection.name)
    model = ReadModel(sources, projection, generation)
    await _caught_up(model, at_start, verdict)
    await _not_ahead(model, verdict)
    last = ""
    while rows := await sources.database.rows("streams_after", projection.context, last, STREAMS_AT_A_TIME):
        stream_ids = [row["stream_id"] for row in rows]
        last = stream_ids[-1]
        await _compare_documents(model, stream_ids, verdict)
        await pace(len(stream_ids))
    await _compare_index_entries(model, verdict, pace)
    await _compare_documents_without_a_stream(model, verdict, pace)


async def _compare_documents(model: ReadModel, stream_ids: list[str], verdict: Verdict) -> None:
    look, fold = await model.compared(stream_ids)
    name = model.projection.name
    right: dict[str, Document] = {}
    as_wished = await _as_wished(model, look, fold, stream_ids)
    verdict.saw(f"events that {name} has passed over by an operator's wish", len(as_wished))
    for each in stream_ids:
        if each in as_wished:
            continue
        stored = look.documents.get(each)
        differs = difference(fold.documents.get(each), stored)
        if differs is None and stored is not None:
            right[each] = stored
        if each in fold.raised:
            version, explanation = fold.raised[each]
            verdict.found(What.CODE_RAISES, f"projection {name}, {each}@{version}", explanation)
        elif differs is not None:
            explanation = differs.explanation + _begun_by_others(model, look.checkpoints[fold.partitions[each]])
            verdict.found(differs.what, f"{name} {each}", explanation, target=WrongDocument(name, each))
    for index, each in await model.missing_entries(right):
        where = f"{name} {index.name} {index.key}"
        verdict.found(What.ENTRY_MISSING, where, f"of {each}", target=WrongDocument(name, each))
    verdict.saw(f"streams compared with the documents of {name}", len(stream_ids))


async def _as_wished(model: ReadModel, look: Look, fold: DocumentFold, stream_ids: list[str]) -> set[str]:
    """Those whose document is another than the fold, and just as it is without what an operator had passed over."""
    odd = [each for each in stream_ids if each in fold.raised or fold.documents.get(each) != look.documents.get(each)]
    if not odd:
        return set()
    without = await passed_over(model.sources, "projection", model.projection.name, odd)
    again = await model.folded(list(without), look.reached, look.parked, without)
    return {
        each for each in without if each not in again.raised and again.documents.get(each) == look.documents.get(each)
    }


def _begun_by_others(model: ReadModel, checkpoint: Checkpoint) -> str:
    own = fingerprint(model.projection.evolve, model.projection.indexes)
    return "" if checkpoint.code in ("", own) else "; the read model was begun by other code than this"


async def _compare_index_entries(model: ReadModel, verdict: Verdict, pace: Pace) -> None:
    name = model.projection.name
    for index_name in (*model.projection.searchable, ALL.name):
        async for found in model.sources.documents.entries(model.generation, index_name):
            for index, each in await model.unexplained(found):
                where = f"{name} {index.name} {index.key}".rstrip()
                target = WrongDocument(name, each, index)
                verdict.found(What.ENTRY_LEFT_OVER, where, f"of {each}", target=target)
            verdict.saw(f"index entries compared with the documents of {name}", len(found))
            await pace(0)


async def _compare_documents_without_a_stream(model: ReadModel, verdict: Verdict, pace: Pace) -> None:
    """An event is in the table before it is in a read model: so what has no stream never had one."""
    name, context = model.projection.name, model.projection.context
    async for ids in model.sources.documents.stored_ids(model.generation):
        known = [each for each in ids if storable(each)]
        unknown = [each for each in ids if not storable(each)]
        if known:
            rows = await model.sources.database.rows("unknown_streams", context, listed(known))
            unknown += [row["id"] for row in rows]
        for each in unknown:
            verdict.found(
                What.DOCUMENT_LEFT_OVER, f"{name} {each}", "it has no stream", target=WrongDocument(name, each)
            )
        await pace(0)


async def _caught_up(model: ReadModel, wanted: Mapping[int, int], verdict: Verdict) -> None:
    """Wait, while there is progress, until the read model has every event that there was at the start."""
    patience = Patience()
    for partition, sequence in wanted.items():
        before = -1
        while True:
            reached = await model.sources.documents.reached(model.generation, model.topic, partition)
            if reached >= sequence:
                break
            if reached > before:
                patience.moved()
                before = reached
            if not await patience.waits():
                explanation = f"stands at {reached} of {sequence}; is a projection worker running?"
                verdict.found(What.READ_MODEL_BEHIND, f"{model.projection.name} {model.topic}/{partition}", explanation)
                break


async def _not_ahead(model: ReadModel, verdict: Verdict) -> None:
    """A checkpoint that passes over what the table has yet to get. The table is asked last: it is never behind."""
    reached = (await model.look([])).reached
    known = await model.sources.reached(model.projection.context)
    for partition, sequence in reached.items():
        if sequence > known.get(partition, 0):
            explanation = (
                f"stands at {sequence}, the table at {known.get(partition, 0)}: it would take new events for old"
            )
            verdict.found(What.READ_MODEL_AHEAD, f"{model.projection.name} {model.topic}/{partition}", explanation)
