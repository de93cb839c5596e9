"""A read model against the fold of the table, stream by stream."""

from collections.abc import Iterable, Mapping, Sequence

from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.ports.event_store import EventRow
from workers.projection.folding import entries
from workers.verification.findings import Verdict


def folded(projection: Projection, events: Iterable[Recorded]) -> dict[str, Document]:
    """The documents that these streams' events lead to; deleted ones are not there."""
    documents: dict[str, Document | None] = {}
    for recorded in events:
        documents[recorded.stream_id] = projection.evolve(documents.get(recorded.stream_id), recorded)
    return {document_id: document for document_id, document in documents.items() if document is not None}


def wrong_documents(
    stream_ids: Sequence[str], expected: Mapping[str, Document], stored: Mapping[str, Document]
) -> list[str]:
    """The streams whose document is missing, left over, or another than the fold."""
    return [each for each in stream_ids if expected.get(each) != stored.get(each)]


def expected_entries(projection: Projection, expected: Mapping[str, Document]) -> list[tuple[Index, str]]:
    """All index entries of these documents."""
    return [(index, each) for each, document in expected.items() for index in sorted(entries(projection, document))]


def report(projection: Projection, wrong: Sequence[str], expected: Mapping[str, Document], verdict: Verdict) -> None:
    """Note wrong documents."""
    for document_id in wrong:
        what = "is not the fold of its stream" if document_id in expected else "should not be there"
        verdict.found("wrong document", f"{projection.name} {document_id}", what)


def version_gaps(rows: Iterable[EventRow]) -> list[str]:
    """Where a stream's versions do not follow one another. The rows of a stream come together and in order."""
    found = []
    before: dict[str, int] = {}
    for row in rows:
        if row.stream_version != before.get(row.stream_id, 0) + 1:
            found.append(f"{row.context} {row.stream_id}@{row.stream_version}")
        before[row.stream_id] = row.stream_version
    return found
