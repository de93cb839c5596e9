"""Rebuilds documents that the store has lost from the events of their streams that the lane has applied."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson
import structlog

from contracts.envelope import MalformedMessage
from contracts.stored_events import NewerRelease, StoredEvents
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.lanes.recorded_rows import recorded_row
from workers.ports.event_store import EventRow, StreamTable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import IndexChange
from workers.projection.folding import Folded, entries, fold

STREAMS_AT_A_TIME = 100
EVENTS_AT_A_TIME = 100
"""Of one stream. The rest of a longer one is read page by page."""

log = structlog.get_logger(__name__)


class LanePosition(NamedTuple):
    """How far a lane is: its partition, the last sequence applied, and the parked streams by their ids."""

    partition: int
    sequence: int
    waiting: Mapping[str, ParkedStream]


class Rebuilding:
    """Folds streams of one projection from the table."""

    def __init__(self, projection: Projection, models: StoredEvents, table: StreamTable) -> None:
        self._projection = projection
        self._models = models
        self._table = table

    async def documents(self, stream_ids: Sequence[str], at: LanePosition) -> tuple[dict[str, Document | None], Folded]:
        """The document that each stream leads to (None: none), and what to write so that all documents and index
        entries are stored. A stream on whose event the code fails is parked at that event. Raises Unavailable.
        """
        documents: dict[str, Document | None] = {}
        parked: list[ParkedStream] = []
        for start in range(0, len(stream_ids), STREAMS_AT_A_TIME):
            chunk = stream_ids[start : start + STREAMS_AT_A_TIME]
            rows = await self._table.first_events(self._projection.context, chunk, EVENTS_AT_A_TIME)
            by_stream: dict[str, list[EventRow]] = {stream_id: [] for stream_id in chunk}
            for row in rows:
                by_stream[row.stream_id].append(row)
            for stream_id, first in by_stream.items():
                try:
                    documents[stream_id] = await self._folded(stream_id, first, at, parked)
                except NewerRelease:
                    raise
                except MalformedMessage as error:
                    log.error("a lost document cannot be rebuilt", stream_id=stream_id, error=str(error))
        return documents, written_whole(self._projection, documents, parked)

    async def _folded(
        self, stream_id: str, rows: Sequence[EventRow], at: LanePosition, parked: list[ParkedStream]
    ) -> Document | None:
        document: Document | None = None
        while rows:
            folded = fold(self._projection, self._applied(rows, at), {} if document is None else {stream_id: document})
            if stream_id in folded.documents:
                encoded = folded.documents[stream_id]
                document = None if encoded is None else orjson.loads(encoded)
            if folded.parked:
                parked += folded.parked
                break
            if len(rows) < EVENTS_AT_A_TIME:
                break
            last = rows[-1].stream_version
            rows = await self._table.stream_after(self._projection.context, stream_id, last, EVENTS_AT_A_TIME)
        return document

    def _applied(self, rows: Sequence[EventRow], at: LanePosition) -> list[Recorded]:
        """The events that the lane has applied: none of another lane, none that waits."""
        waiting = at.waiting.get(rows[0].stream_id)
        return [
            recorded_row(row, self._models)
            for row in rows
            if row.partition == at.partition
            and row.sequence <= at.sequence
            and (waiting is None or row.stream_version < waiting.stream_version)
        ]


def written_whole(
    projection: Projection, documents: Mapping[str, Document | None], parked: Sequence[ParkedStream] = ()
) -> Folded:
    """What to write so that these documents and all their index entries are stored, whatever the store has now."""
    encoded = {
        document_id: None if document is None else orjson.dumps(document) for document_id, document in documents.items()
    }
    added = [IndexChange(index, document_id) for document_id, index in _entries(projection, documents)]
    return Folded(encoded, added, (), list(parked))


def _entries(projection: Projection, documents: Mapping[str, Document | None]) -> list[tuple[str, Index]]:
    return [
        (document_id, index)
        for document_id, document in documents.items()
        for index in sorted(entries(projection, document))
    ]
