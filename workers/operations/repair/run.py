"""Repairs what was found, verifies again, and goes on as long as that helps."""

from collections.abc import Awaitable, Callable

from workers.operations.repair.documents import rebuild_documents
from workers.operations.repair.log_lanes import publish_missing
from workers.operations.repair.sections import rebuild_sections
from workers.operations.repair.snapshots import remove_snapshot
from workers.operations.repair.tools import RepairTools
from workers.operations.repair.unique_claims import remove_credential, repair_unique_claim
from workers.operations.verification.findings import (
    LeftOverCredential,
    LogGap,
    Verdict,
    WrongDocument,
    WrongSection,
    WrongSnapshot,
    WrongUniqueClaim,
)

MAX_ROUNDS = 5
MAX_NAMED = 100
"""How many of the things that one action repairs are named in its record, beside the number of all."""


async def repair(tools: RepairTools, verdict: Verdict, verify: Callable[[], Awaitable[Verdict]]) -> Verdict:
    """Repair what the verdict names; returns the verdict of another verification, or the given one if there was nothing
    to repair. Raises Unavailable.

    What appears only then (a document that changed just when it was rebuilt, what was too much for one round) is
    repaired in the next round.
    """
    for _ in range(MAX_ROUNDS):
        count_before = tools.report.repaired_count
        await _repair_targets(tools, verdict)
        tools.report.end_round()
        if tools.report.repaired_count == count_before:
            break
        verdict = await verify()
    return verdict


async def _repair_targets(tools: RepairTools, verdict: Verdict) -> None:
    gaps: dict[tuple[str, int], list[LogGap]] = {}
    documents: dict[str, list[WrongDocument]] = {}
    sections: dict[str, list[WrongSection]] = {}
    for target in verdict.targets:
        match target:
            case LogGap(context, partition):
                gaps.setdefault((context, partition), []).append(target)
            case WrongDocument(projection):
                documents.setdefault(projection, []).append(target)
            case WrongSection(projection):
                sections.setdefault(projection, []).append(target)
            case WrongUniqueClaim(context, scope, key, streams):
                await tools.record(f"unique claim {context} {scope} {key}", {"streams": list(streams)})
                await repair_unique_claim(tools, target)
            case LeftOverCredential(context, stream_id):
                await tools.record(f"credential {context} {stream_id}", {})
                await remove_credential(tools, target)
            case WrongSnapshot(context, stream_id):
                await tools.record(f"snapshot {context} {stream_id}", {})
                await remove_snapshot(tools, target)
    await _publish(tools, gaps)
    await _rebuild(tools, documents)
    await _rebuild_sections(tools, sections)


async def _publish(tools: RepairTools, gaps: dict[tuple[str, int], list[LogGap]]) -> None:
    for (context, partition), of_lane in gaps.items():
        stretches = [(gap.first, gap.last) for gap in of_lane[:MAX_NAMED]]
        await tools.record(f"lane {context} {partition}", {"missing": stretches, "stretches": len(of_lane)})
        await publish_missing(tools, context, partition, of_lane)


async def _rebuild(tools: RepairTools, documents: dict[str, list[WrongDocument]]) -> None:
    contexts = tools.sources.contexts.values()
    for projection in (projection for context in contexts for projection in context.projections):
        if projection.name in documents:
            targets = documents[projection.name]
            document_ids = sorted({target.document_id for target in targets})
            details = {"documents": document_ids[:MAX_NAMED], "count": len(document_ids)}
            await tools.record(f"projection {projection.name}", details)
            await rebuild_documents(tools, projection, targets)


async def _rebuild_sections(tools: RepairTools, sections: dict[str, list[WrongSection]]) -> None:
    contexts = tools.sources.contexts.values()
    for projection in (projection for context in contexts for projection in context.projections):
        if projection.name in sections:
            targets = sections[projection.name]
            documents = sorted({(target.section, target.document_id) for target in targets})
            details = {"sections": documents[:MAX_NAMED], "count": len(documents)}
            await tools.record(f"projection {projection.name}", details)
            await rebuild_sections(tools, projection, targets)
