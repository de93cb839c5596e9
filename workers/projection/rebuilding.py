"""Documents that the store has lost, folded anew from the events of their streams, as far as the lane has come."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson
import structlog

from contracts.envelope import MalformedMessage
from contracts.message import Event
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.lanes.sequenced import recorded_row
from workers.ports.event_store import EventRow, StreamTable
from workers.ports.parked import ParkedStream
from workers.ports.read_models import IndexChange
from workers.projection.folding import Folded, entries, fold

STREAMS_AT_A_TIME = 100
EVENTS_AT_A_TIME = 100
"""Of one stream; a longer one is read on by itself."""

log = structlog.get_logger(__name__)


class Place(NamedTuple):
    """How far a lane has come: its partition, the last sequence applied, and the streams that wait."""

    partition: int
    sequence: int
    waiting: Mapping[str, ParkedStream]


class Rebuilding:
    """Folds streams of one projection from the table."""

    def __init__(self, projection: Projection, models: Mapping[str, type[Event]], table: StreamTable) -> None:
        self._projection = projection
        self._models = models
        self._table = table

    async def documents(self, stream_ids: Sequence[str], at: Place) -> tuple[dict[str, Document | None], Folded]:
        """What each stream leads to (None: to no document), and what to write so that it is stored, with all of its
        index entries. A stream that our code cannot fold to its end is parked there. Raises Unavailable.
        """
        documents: dict[str, Document | None] = {}
        parked: list[ParkedStream] = []
        for start in range(0, len(stream_ids), STREAMS_AT_A_TIME):
            part = stream_ids[start : start + STREAMS_AT_A_TIME]
            rows = await self._table.first_events(self._projection.context, part, EVENTS_AT_A_TIME)
            by_stream: dict[str, list[EventRow]] = {each: [] for each in part}
            for row in rows:
                by_stream[row.stream_id].append(row)
            for stream_id, first in by_stream.items():
                try:
                    documents[stream_id] = await self._folded(stream_id, first, at, parked)
                except MalformedMessage as error:
                    log.error("a lost document cannot be rebuilt", stream_id=stream_id, error=str(error))
        return documents, written_whole(self._projection, documents, parked)

    async def _folded(
        self, stream_id: str, rows: Sequence[EventRow], at: Place, parked: list[ParkedStream]
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

    def _applied(self, rows: Sequence[EventRow], at: Place) -> list[Recorded]:
        """Those events that the lane has applied: none of another lane, none that waits."""
        waits = at.waiting.get(rows[0].stream_id)
        return [
            recorded_row(row, self._models)
            for row in rows
            if row.partition == at.partition
            and row.sequence <= at.sequence
            and (waits is None or row.stream_version < waits.stream_version)
        ]


def written_whole(
    projection: Projection, documents: Mapping[str, Document | None], parked: Sequence[ParkedStream] = ()
) -> Folded:
    """What to write so that these documents are stored, with all of their index entries, whatever is there before."""
    encoded = {each: None if document is None else orjson.dumps(document) for each, document in documents.items()}
    added = [IndexChange(index, each) for each, index in _entries(projection, documents)]
    return Folded(encoded, added, (), list(parked))


def _entries(projection: Projection, documents: Mapping[str, Document | None]) -> list[tuple[str, Index]]:
    return [(each, index) for each, document in documents.items() for index in sorted(entries(projection, document))]
