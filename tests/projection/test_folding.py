"""`fold`: documents as after every event, and just those changes of the indexes that lead from before to after."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import orjson
from hypothesis import given
from hypothesis import strategies as st

from contracts.users.events import UserCreated, UserDeleted, UserEvent, UserUpdated, UserWelcomed
from workers.core.projection import Document, Index, Projection
from workers.core.recorded import Recorded
from workers.domain.users.card import card
from workers.parking import ATTEMPTS
from workers.ports.read_models import IndexChange
from workers.projection.folding import ALL, Folded, entries, fold

CREATED = UserCreated(user_id="u1", first_name="Ada", last_name="L", email="a@x.org", city="London", locale="und")


def recorded(*events: UserEvent, first_version: int = 1) -> list[Recorded]:
    return [
        Recorded(event, f"event {place}", event.stream_id, place, place, f"second {place}", "correlation")
        for place, event in enumerate(events, start=first_version)
    ]


def card_after(*events: UserEvent) -> dict[str, Document]:
    documents = present(decoded(fold(card, recorded(*events), {})))
    assert len(documents) == 1
    return documents


def decoded(folded: Folded) -> dict[str, Document | None]:
    return {key: None if value is None else orjson.loads(value) for key, value in folded.documents.items()}


def present(documents: Mapping[str, Document | None]) -> dict[str, Document]:
    return {key: value for key, value in documents.items() if value is not None}


def test_of_a_new_document_adds_all_its_entries() -> None:
    folded = fold(card, recorded(CREATED), {})
    assert set(folded.added) == {
        IndexChange(ALL, "u1"),
        IndexChange(Index("email", "a@x.org"), "u1"),
        IndexChange(Index("city", "london"), "u1"),
    }
    assert folded.removed == []


def test_of_a_change_touches_what_has_changed_only() -> None:
    moved = recorded(UserUpdated(user_id="u1", city="Turin"), first_version=2)
    folded = fold(card, moved, card_after(CREATED))
    assert folded.added == [IndexChange(Index("city", "turin"), "u1")]
    assert folded.removed == [IndexChange(Index("city", "london"), "u1")]
    unmoved = fold(card, recorded(UserWelcomed(user_id="u1"), first_version=2), card_after(CREATED))
    assert (unmoved.added, unmoved.removed) == ([], [])


def test_of_there_and_back_changes_no_entry() -> None:
    events = recorded(
        UserUpdated(user_id="u1", city="Turin"), UserUpdated(user_id="u1", city="London"), first_version=2
    )
    folded = fold(card, events, card_after(CREATED))
    assert (folded.added, folded.removed) == ([], [])
    document = decoded(folded)["u1"]
    assert document is not None
    assert document["version"] == 3


def test_of_a_deletion_leaves_no_document_and_no_entry() -> None:
    folded = fold(card, recorded(UserDeleted(user_id="u1"), first_version=2), card_after(CREATED))
    assert folded.documents == {"u1": None}
    assert folded.added == []
    assert {change.entry for change in folded.removed} == {ALL, Index("email", "a@x.org"), Index("city", "london")}


def test_of_a_life_within_one_batch_leaves_nothing() -> None:
    folded = fold(card, recorded(CREATED, UserWelcomed(user_id="u1"), UserDeleted(user_id="u1")), {})
    assert folded == Folded({"u1": None}, [], [], ())


def test_keeps_away_from_the_stored_documents() -> None:
    stored = card_after(CREATED)
    before = {key: dict(value) for key, value in stored.items()}
    fold(card, recorded(UserUpdated(user_id="u1", city=None), UserDeleted(user_id="u1"), first_version=2), stored)
    assert stored == before


users = st.sampled_from(["u1", "u2", "u3"])
lives = st.lists(
    st.one_of(
        st.builds(
            UserCreated,
            user_id=users,
            first_name=st.just("Ada"),
            last_name=st.just("L"),
            email=st.sampled_from(["a@x.org", "b@x.org"]),
            locale=st.sampled_from(["und", "en"]),
        ),
        st.builds(UserUpdated, user_id=users, city=st.sampled_from(["Turin", "London", None])),
        st.builds(UserUpdated, user_id=users, email=st.sampled_from(["a@x.org", "c@x.org"])),
        st.builds(UserWelcomed, user_id=users),
        st.builds(UserDeleted, user_id=users),
    ),
    max_size=20,
)


@given(lives, st.data())
def test_leads_to_the_same_documents_and_indexes_however_the_log_is_cut(
    life: list[UserEvent], data: st.DataObject
) -> None:
    events = recorded(*life)
    cuts = data.draw(st.lists(st.integers(0, len(events)), max_size=5).map(sorted))
    edges = [0, *cuts, len(events)]
    documents: dict[str, Document] = {}
    index: set[IndexChange] = set()
    for start, end in pairwise(edges):
        folded = fold(card, events[start:end], documents)
        assert index.isdisjoint(folded.added), "an entry is added that is there"
        assert index.issuperset(folded.removed), "an entry is removed that is not there"
        index = (index - set(folded.removed)) | set(folded.added)
        documents = present({**documents, **decoded(folded)})
    expected: dict[str, Document | None] = {}
    for event in events:
        expected[event.stream_id] = card.evolve(expected.get(event.stream_id), event)
    assert documents == present(expected)
    assert index == {IndexChange(entry, key) for key, value in documents.items() for entry in entries(card, value)}


def stumbling_at(place: int) -> Projection:
    """The user card, by code that raises at the event with this sequence."""

    def stumble(document: Document | None, event: Recorded) -> Document | None:
        if event.sequence == place:
            raise KeyError("a secret value")
        return card.evolve(document, event)

    return replace(card, evolve=stumble)


@given(lives, st.integers(1, 20))
def test_of_an_event_that_cannot_be_applied_is_as_if_its_stream_had_ended_there(life: list[UserEvent], at: int) -> None:
    events = recorded(*life)
    folded = fold(stumbling_at(at), events, {})
    culprit = next((event for event in events if event.sequence == at), None)
    rest = [event for event in events if not culprit or event.stream_id != culprit.stream_id or event.sequence < at]
    expected = fold(card, rest, {})
    assert decoded(folded) == decoded(expected)
    assert (set(folded.added), set(folded.removed)) == (set(expected.added), set(expected.removed))
    assert [(parked.stream_id, parked.sequence) for parked in folded.parked] == (
        [(culprit.stream_id, at)] if culprit else []
    )
    assert all(parked.attempts == ATTEMPTS and "secret" not in parked.error for parked in folded.parked)


def test_of_a_document_that_is_no_json_parks_its_stream() -> None:
    unprintable = replace(card, evolve=lambda _, event: {"user_id": event.stream_id, "email": object()})
    assert [parked.stream_id for parked in fold(unprintable, recorded(CREATED), {}).parked] == ["u1"]


def test_of_a_document_that_its_indexes_cannot_apply_parks_its_stream_and_no_other() -> None:
    def indexes(document: Document) -> frozenset[Index]:
        if document["city"] == "Nowhere":
            raise KeyError("a secret value")
        return card.indexes(document)

    bob = CREATED.model_copy(update={"user_id": "u2", "email": "b@x.org"})
    events = recorded(
        CREATED, bob, UserUpdated(user_id="u1", city="Nowhere"), UserWelcomed(user_id="u1"), UserWelcomed(user_id="u2")
    )
    folded = fold(replace(card, indexes=indexes), events, {})
    assert [(parked.stream_id, parked.sequence) for parked in folded.parked] == [("u1", 3)]
    assert "secret" not in folded.parked[0].error
    documents = present(decoded(folded))
    assert (documents["u1"]["city"], documents["u1"]["version"], documents["u2"]["version"]) == ("London", 1, 5)
    assert IndexChange(Index("city", "london"), "u1") in folded.added


def test_of_a_stored_document_that_its_indexes_cannot_apply_parks_its_stream() -> None:
    """As one that older code has written: its entries must be known before it may change."""

    def indexes(document: Document) -> frozenset[Index]:
        if document["city"] == "London":
            raise KeyError("a secret value")
        return card.indexes(document)

    moved = recorded(UserUpdated(user_id="u1", city="Turin"), first_version=2)
    folded = fold(replace(card, indexes=indexes), moved, card_after(CREATED))
    assert [parked.stream_id for parked in folded.parked] == ["u1"]
    assert (decoded(folded), folded.added, folded.removed) == ({}, [], [])
