"""Repairs what was found, verifies again, and goes on as long as that helps."""

from collections.abc import Awaitable, Callable

from infra.verify.repair.documents import rebuild_documents
from infra.verify.repair.lanes import publish_missing
from infra.verify.repair.snapshots import remove_snapshot
from infra.verify.repair.tools import Tools
from infra.verify.repair.unique_claims import mend_unique_claim, remove_credential
from workers.domain import contexts
from workers.verification.findings import (
    LeftOverCredential,
    LogGap,
    Verdict,
    WrongDocument,
    WrongSnapshot,
    WrongUniqueClaim,
)

MAX_ROUNDS = 5
MAX_NOTED = 100
"""So many of the things that one action mends are named in its record, and the number of all."""


async def repaired(tools: Tools, verdict: Verdict, verify: Callable[[], Awaitable[Verdict]]) -> Verdict:
    """Mend what the verdict names and can be mended; returns the verdict of another verification. Raises Unavailable.

    What comes up only then (a document that changed just when it was rebuilt, what was too much for one round) is
    mended in the next round.
    """
    for _ in range(MAX_ROUNDS):
        before = tools.account.mended
        await _repair(tools, verdict)
        tools.account.end()
        if tools.account.mended == before:
            break
        verdict = await verify()
    return verdict


async def _repair(tools: Tools, verdict: Verdict) -> None:
    gaps: dict[tuple[str, int], list[LogGap]] = {}
    documents: dict[str, list[WrongDocument]] = {}
    for target in verdict.targets:
        match target:
            case LogGap(context, partition):
                gaps.setdefault((context, partition), []).append(target)
            case WrongDocument(projection):
                documents.setdefault(projection, []).append(target)
            case WrongUniqueClaim(context, scope, key, streams):
                await tools.record(f"unique claim {context} {scope} {key}", {"streams": list(streams)})
                await mend_unique_claim(tools, target)
            case LeftOverCredential(context, stream_id):
                await tools.record(f"credential {context} {stream_id}", {})
                await remove_credential(tools, target)
            case WrongSnapshot(context, stream_id):
                await tools.record(f"snapshot {context} {stream_id}", {})
                await remove_snapshot(tools, target)
    for (context, partition), found in gaps.items():
        stretches = [(gap.first, gap.last) for gap in found[:MAX_NOTED]]
        await tools.record(f"lane {context} {partition}", {"missing": stretches, "stretches": len(found)})
        await publish_missing(tools, context, partition, found)
    for each in (projection for context in contexts().values() for projection in context.projections):
        if each.name in documents:
            ids = sorted({target.document_id for target in documents[each.name]})
            await tools.record(f"projection {each.name}", {"documents": ids[:MAX_NOTED], "count": len(ids)})
            await rebuild_documents(tools, each, documents[each.name])
