"""A stored event that is several events today is applied as a whole, in one place of its stream, or not at all."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from contracts.message import Event
from contracts.orders.events import OrderConfirmed, OrderPlaced
from contracts.users.events import UserCreated, UserWelcomed
from tests.upcasting.readers import READERS, Reader
from tests.upcasting.split import REGISTERED, SPLIT, orders_rows, users_rows
from workers.analytics.fold import LaneFold
from workers.core.analytics import HOURS, Addition, Measured, Series
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.domain.users.card import card
from workers.domain.users.sections import ORDERS
from workers.domain.users.welcome import welcome
from workers.lanes.recorded_rows import recorded_row
from workers.ports.event_store import EventRow
from workers.projection.folding import fold
from workers.projection.section_fold import SectionFold
from workers.projection.section_folding import fold_section
from workers.saga.following import follow

USER, MOVED = (recorded_row(row, SPLIT) for row in users_rows())
ORDER = recorded_row(orders_rows()[0], SPLIT)


@pytest.fixture(autouse=True)
def _everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads the events of the installation reads these too."""
    for module in ("workers.gateway.archive", "infra.cli.stream", "contracts.client.read_event"):
        monkeypatch.setattr(f"{module}.stored_events", lambda: SPLIT)


@pytest.mark.parametrize("rows", [users_rows(), orders_rows()], ids=["users", "orders"])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
async def test_is_read_by_every_reader_and_stays_as_it_is_stored(reader: Reader, rows: list[EventRow]) -> None:
    before = copy.deepcopy(rows)
    await reader(contexts()[rows[0].context], SPLIT, rows)
    assert rows == before


def test_has_one_place_and_parts_with_ids_of_their_own() -> None:
    assert [type(part.event) for part in USER.parts] == [UserCreated, UserWelcomed]
    assert {(part.sequence, part.stream_version, part.recorded_at) for part in USER.parts} == {(1, 1, USER.recorded_at)}
    assert len({part.event_id for part in USER.parts}) == 2
    assert USER.event_id == users_rows()[0].event_id
    assert [part.event_id for part in recorded_row(users_rows()[0], SPLIT).parts] == [p.event_id for p in USER.parts]


def test_is_a_document_that_has_all_parts_at_the_version_of_the_event() -> None:
    document = orjson.loads(fold(card, [USER, MOVED], {}).documents[REGISTERED.user_id] or b"")
    assert (document["first_name"], document["city"], document["version"]) == ("Ada", "Turin", 2)
    assert document["created_at"] == document["welcomed_at"] == USER.recorded_at


def test_leads_a_saga_on_part_by_part() -> None:
    followed = follow([welcome], [USER, MOVED], {}, 0)
    assert [(row.status, row.version) for row in followed.instances] == [("welcomed", 2)]
    assert [(row.type, row.sequence) for row in followed.journal] == [(UserCreated.type, 1), (UserWelcomed.type, 1)]
    assert len({row.event_id for row in followed.journal}) == 2


def test_is_counted_once_in_a_section() -> None:
    folded = fold_section("section", ORDERS, [ORDER], {})
    ((_, value),) = folded.documents.items()
    assert value is not None
    assert b'"count":1' in value


FAILING: Sequence[type[Event]] = (UserCreated, UserWelcomed)


class Bug(Exception):
    """The code that a test calls has one."""


def raising_at(event_type: type[Event], function: Any) -> Any:
    """The function with a bug that one event shows."""

    def buggy(before: Any, recorded: Recorded, *more: Any) -> Any:
        if type(recorded.event) is event_type:
            raise Bug
        return function(before, recorded, *more)

    return buggy


@pytest.mark.parametrize("failing", FAILING)
def test_of_which_a_part_fails_leaves_no_document_and_parks_its_stream(failing: type[Event]) -> None:
    folded = fold(replace(card, evolve=raising_at(failing, card.evolve)), [USER, MOVED], {})
    assert [(stream.stream_version, stream.sequence) for stream in folded.parked] == [(1, 1)]
    assert not folded.documents
    assert not folded.added


@pytest.mark.parametrize("failing", FAILING)
def test_of_which_a_part_fails_leaves_a_saga_as_it_was(failing: type[Event]) -> None:
    for name in ("evolve", "decide"):
        buggy = replace(welcome, **{name: raising_at(failing, getattr(welcome, name))})
        followed = follow([buggy, replace(welcome, name="other")], [USER, MOVED], {}, 0)
        assert [(stream.follower, stream.stream_version) for stream in followed.parked] == [("welcome", 1)]
        assert {row.saga for row in followed.instances} == {row.saga for row in followed.steps} == {"other"}
        assert {row.saga for row in followed.journal} == {"other"}
        assert {row.saga for row in followed.deadlines} == {row.saga for row in follow_only("other").deadlines}


def follow_only(name: str) -> Any:
    return follow([replace(welcome, name=name)], [USER, MOVED], {}, 0)


@pytest.mark.parametrize("failing", [OrderPlaced, OrderConfirmed])
def test_of_which_a_part_fails_leaves_a_section_as_it_was(failing: type[Event]) -> None:
    reacts_to = ORDERS.reacts_to | {OrderConfirmed}
    section = replace(ORDERS, reacts_to=reacts_to, evolve=raising_at(failing, ORDERS.evolve))
    folded = fold_section("section", section, [ORDER], {})
    assert (folded.documents, len(folded.parked)) == ({}, 1)
    rebuilt = SectionFold(section, SPLIT, 0, {}, lambda _: True)
    rebuilt.apply(orders_rows()[0])
    assert rebuilt.raised.keys() == {ORDER.stream_id}


@pytest.mark.parametrize("failing", [None, *FAILING])
def test_adds_all_that_its_parts_add_to_windows_or_nothing(failing: type[Event] | None) -> None:
    def measure(memory: Any, recorded: Recorded, at_ms: int) -> Measured:
        return Measured([Addition(at_ms, "events", 1)], (memory or 0) + 1)

    def buggy(memory: Any, recorded: Recorded, at_ms: int) -> Measured:
        measured: Measured = raising_at(failing or Event, measure)(memory, recorded, at_ms)
        return measured

    lane = LaneFold([Series("users", "users", (HOURS,), frozenset({UserCreated, UserWelcomed}), buggy)])
    errors = lane.apply(USER)
    sums = [amount.amount for fields in lane.windows.values() for amount in fields.values()]
    if failing is None:
        assert (list(errors), sums, [value for _, value in lane.memories.values()]) == ([], [2], [2])
    else:
        assert ([type(error) for error in errors], sums, lane.memories) == ([Bug], [], {})
    assert lane.position == 1
