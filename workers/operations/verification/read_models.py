"""The live read models against a fold of the table: documents and index entries, each from both sides."""

from collections.abc import Sequence

from workers.core.projection import Document, Projection
from workers.operations.verification.comparisons.read_model import DocumentFold, difference
from workers.operations.verification.findings import FindingKind, Verdict, WrongDocument
from workers.operations.verification.read_model_generation import ReadModelGeneration
from workers.operations.verification.read_model_lanes import report_lanes_ahead, report_lanes_behind
from workers.operations.verification.skipped_events import skipped_events
from workers.operations.verification.sources import Pace, Sources
from workers.ports.read_models import Checkpoint
from workers.ports.verification.documents import DocumentsAtMoment
from workers.projection.code import code_of_projection
from workers.projection.folding import ALL

STREAMS_AT_A_TIME = 500


async def compare_read_model(sources: Sources, projection: Projection, verdict: Verdict, pace: Pace) -> None:
    """Compare the live generation of a projection. Raises Unavailable."""
    at_start = await sources.last_sequences(projection.context)
    generation = await sources.documents.live(projection.name)
    model = ReadModelGeneration(sources, projection, generation)
    await report_lanes_behind(sources, generation, model.topic, at_start, verdict)
    await report_lanes_ahead(sources, generation, projection.context, model.topic, verdict)
    last = ""
    while stream_ids := await sources.table.stream_ids_after(projection.context, last, STREAMS_AT_A_TIME):
        last = stream_ids[-1]
        await _compare_documents(model, stream_ids, verdict)
        await pace(len(stream_ids))
    await _compare_index_entries(model, verdict, pace)
    await _report_documents_without_stream(model, verdict, pace)


async def _compare_documents(model: ReadModelGeneration, stream_ids: Sequence[str], verdict: Verdict) -> None:
    moment, fold = await model.compared(stream_ids)
    name = model.projection.name
    correct: dict[str, Document] = {}
    as_requested = await _as_requested(model, moment, fold, stream_ids)
    verdict.compared(f"documents of {name} without events that an operator had skipped", len(as_requested))
    for stream_id in stream_ids:
        if stream_id in as_requested:
            continue
        stored = moment.documents.get(stream_id)
        differs = difference(fold.documents.get(stream_id), stored)
        if differs is None and stored is not None:
            correct[stream_id] = stored
        if stream_id in fold.raised:
            version, explanation = fold.raised[stream_id]
            verdict.report(FindingKind.CODE_RAISES, f"projection {name}, {stream_id}@{version}", explanation)
        elif differs is not None:
            explanation = differs.explanation + _built_by_others(model, moment, fold.partitions[stream_id])
            target = WrongDocument(name, stream_id)
            verdict.report(differs.kind, f"{name} {stream_id}", explanation, target=target)
    for index, document_id in await model.missing_entries(correct):
        where = f"{name} {index.name} {index.key}"
        target = WrongDocument(name, document_id)
        verdict.report(FindingKind.ENTRY_MISSING, where, f"of {document_id}", target=target)
    verdict.compared(f"streams compared with the documents of {name}", len(stream_ids))


async def _as_requested(
    model: ReadModelGeneration, moment: DocumentsAtMoment, fold: DocumentFold, stream_ids: Sequence[str]
) -> set[str]:
    """Those whose document is not the fold, but is the fold without the events that an operator had skipped."""
    differing = [
        stream_id
        for stream_id in stream_ids
        if stream_id in fold.raised or fold.documents.get(stream_id) != moment.documents.get(stream_id)
    ]
    if not differing:
        return set()
    skipped = await skipped_events(model.sources, "projection", model.projection.name, differing)
    without = await model.folded(list(skipped), moment.sequences, moment.parked, skipped)
    return {
        stream_id
        for stream_id in skipped
        if stream_id not in without.raised and without.documents.get(stream_id) == moment.documents.get(stream_id)
    }


def _built_by_others(model: ReadModelGeneration, moment: DocumentsAtMoment, partition: int) -> str:
    checkpoint: Checkpoint = moment.checkpoints[partition]
    own = code_of_projection(model.projection, model.sources.models)
    return "" if checkpoint.code in ("", own) else "; the read model was begun by other code than this"


async def _compare_index_entries(model: ReadModelGeneration, verdict: Verdict, pace: Pace) -> None:
    name = model.projection.name
    for index_name in (*model.projection.searchable, ALL.name):
        async for entries in model.sources.documents.index_entries(model.generation, index_name):
            for index, document_id in await model.unexplained(entries):
                where = f"{name} {index.name} {index.key}".rstrip()
                target = WrongDocument(name, document_id, index)
                verdict.report(FindingKind.ENTRY_LEFT_OVER, where, f"of {document_id}", target=target)
            verdict.compared(f"index entries compared with the documents of {name}", len(entries))
            await pace(0)


async def _report_documents_without_stream(model: ReadModelGeneration, verdict: Verdict, pace: Pace) -> None:
    """An event is in the table before it is in a read model: so a document that has no stream now never had one."""
    name, context = model.projection.name, model.projection.context
    async for document_ids in model.sources.documents.document_ids(model.generation):
        for document_id in sorted(await model.sources.table.streams_without_events(context, document_ids)):
            target = WrongDocument(name, document_id)
            verdict.report(FindingKind.DOCUMENT_LEFT_OVER, f"{name} {document_id}", "it has no stream", target=target)
        await pace(0)
