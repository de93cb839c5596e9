"""`Rebuilding`: what a stream leads to by the table, as far as its lane has come, and whole."""

from dataclasses import replace

import pytest

from contracts.catalogue import stored_events
from contracts.users.events import UserUpdated
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.recorded_rows import RowsInMemory, event_rows
from tests.projection.test_a_bug_in_a_projection import failing_at
from tests.projection.test_a_projection_lane import ADA, BOB_CREATED
from workers.core.projection import Index, Projection
from workers.domain.users.card import card
from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream
from workers.ports.read_models import IndexChange
from workers.projection.folding import ALL
from workers.projection.rebuilding import LanePosition, Rebuilding

ROWS = event_rows(ADA_CREATED, BOB_CREATED, ADA_WELCOMED, ADA_MOVED_TO_TURIN)
EVERYTHING = LanePosition(0, 4, {})


def rebuilding(rows: list[EventRow] | None = None, projection: Projection = card) -> Rebuilding:
    return Rebuilding(projection, stored_events(), RowsInMemory(ROWS if rows is None else rows))


@pytest.mark.parametrize("page", [1, 2, 100])
async def test_are_documents_with_all_their_entries(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.rebuilding.EVENTS_AT_A_TIME", page)
    monkeypatch.setattr("workers.projection.rebuilding.STREAMS_AT_A_TIME", page)
    documents, folded = await rebuilding().documents([ADA, "bob"], EVERYTHING)
    ada, bob = documents[ADA], documents["bob"]
    assert ada is not None
    assert bob is not None
    assert (ada["version"], ada["city"], bob["version"]) == (3, "Turin", 1)
    assert list(folded.documents) == [ADA, "bob"]
    assert set(folded.added) == {
        IndexChange(ALL, ADA),
        IndexChange(Index("email", "ada@example.org"), ADA),
        IndexChange(Index("city", "turin"), ADA),
        *(IndexChange(index, "bob") for index in card.indexes(bob) | {ALL}),
    }
    assert (list(folded.removed), list(folded.parked)) == ([], [])


async def test_hold_nothing_that_their_lane_has_not_applied() -> None:
    waits = ParkedStream("users", ADA, 2, 3, "users.UserWelcomed.v1", "KeyError", 3, "2026-01-01T00:00:03Z")
    versions = []
    for at in (
        EVERYTHING._replace(sequence=3),
        EVERYTHING._replace(sequence=2),
        EVERYTHING._replace(waiting={ADA: waits}),
    ):
        documents, _ = await rebuilding().documents([ADA], at)
        versions.append((documents[ADA] or {})["version"])
    assert versions == [2, 1, 1]
    documents, folded = await rebuilding().documents([ADA], EVERYTHING._replace(partition=1))
    assert (documents, folded.documents, folded.added) == ({ADA: None}, {ADA: None}, []), "another lane's stream"


async def test_are_none_of_a_stream_that_has_ended() -> None:
    rows = event_rows(ADA_CREATED, ADA_DELETED)
    documents, folded = await rebuilding(rows).documents([ADA, "nobody"], EVERYTHING)
    assert documents == {ADA: None, "nobody": None}
    assert (folded.documents, folded.added) == ({ADA: None, "nobody": None}, [])


@pytest.mark.parametrize("page", [1, 2, 100])
async def test_end_before_an_event_that_our_code_cannot_apply(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.rebuilding.EVENTS_AT_A_TIME", page)
    documents, folded = await rebuilding(projection=failing_at({3})).documents([ADA, "bob"], EVERYTHING)
    assert [(document and document["version"]) for document in documents.values()] == [1, 1]
    assert [(parked.stream_id, parked.stream_version) for parked in folded.parked] == [(ADA, 2)]


async def test_are_left_out_where_the_table_holds_what_no_code_reads() -> None:
    spoilt = [row._replace(data=b"{}") if row.sequence == 3 else row for row in ROWS]
    documents, folded = await rebuilding(spoilt).documents([ADA, "bob"], EVERYTHING)
    assert list(documents) == list(folded.documents) == ["bob"]


async def test_go_on_behind_an_event_that_leads_to_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.rebuilding.EVENTS_AT_A_TIME", 1)
    late = replace(
        card,
        evolve=lambda before, event: card.evolve(before, event) if event.sequence != 2 else None,
        indexes=card.indexes,
    )
    rows = event_rows(ADA_CREATED, UserUpdated(user_id=ADA, city="Bonn"), ADA_CREATED)
    documents, _ = await rebuilding(rows, late).documents([ADA], EVERYTHING)
    again = documents[ADA]
    assert again is not None
    assert again["city"] == ADA_CREATED.city, "of what was removed nothing is left"
