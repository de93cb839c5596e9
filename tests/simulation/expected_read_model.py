"""The read model as it should be: a plain fold of the table's events."""

from collections.abc import Iterable, Mapping

from contracts.catalogue import stored_events
from tests.simulation.counting import CIRCLE_COUNT, USER_CARD
from workers.core.projection import Document, Index
from workers.lanes.recorded_rows import recorded_row
from workers.ports.event_store import EventRow
from workers.projection.folding import entries


def folded_documents(events: Iterable[EventRow]) -> dict[str, Document]:
    """The documents by their ids."""
    cards: dict[str, Document | None] = {}
    for row in events:
        cards[row.stream_id] = USER_CARD.evolve(cards.get(row.stream_id), recorded_row(row, stored_events()))
    return {stream_id: card for stream_id, card in cards.items() if card is not None}


def folded_sections(events: Iterable[EventRow]) -> dict[tuple[str, int], Document]:
    """The values of the section by document and partition."""
    values: dict[tuple[str, int], Document] = {}
    for row in events:
        recorded = recorded_row(row, stored_events())
        place = (CIRCLE_COUNT.document_id(recorded.event), row.partition)
        values[place] = CIRCLE_COUNT.evolve(values.get(place), recorded)
    return values


def entries_of(documents: Mapping[str, Document]) -> frozenset[tuple[Index, str]]:
    """Their index entries."""
    return frozenset((index, name) for name, document in documents.items() for index in entries(USER_CARD, document))
