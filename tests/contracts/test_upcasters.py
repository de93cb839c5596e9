"""Stored events of older versions become the present ones, by upcasters that are declared without gaps or circles."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import catalogue_of, stored_events
from contracts.envelope import MalformedMessage
from contracts.message import Event, MisdeclaredMessage
from contracts.stored_events import NewerRelease
from contracts.upcasting import Part, Upcaster, upcaster
from contracts.users.events import UserCreated
from tests.contracts.parcels import (
    EVENTS,
    HandlerChanged,
    ParcelMovedV1,
    ParcelSent,
    ParcelSentV1,
    ParcelSentV2,
    ParcelStream,
    ShelfChanged,
    parcels,
    shelf_and_handler,
    with_a_sender,
    with_a_unit,
)

SECRET = "do-not-repeat-me"
SENT = {"parcel_id": "7", "weight": 3, "secret": SECRET}


def written(fields: Any) -> bytes:
    return json.dumps(fields).encode()


def declared(*upcasters: Upcaster, events: list[type[Event]] | None = None) -> None:
    catalogue_of({"parcels": EVENTS if events is None else events}, upcasters)


def test_are_chained_from_version_to_version() -> None:
    assert parcels().read("parcels.ParcelSent.v1", written(SENT)) == (
        ParcelSent(parcel_id="7", weight_grams=3000, sender="unknown", secret=SECRET),
    )
    second = {"parcel_id": "7", "weight_grams": 5}
    assert parcels().read("parcels.ParcelSent.v2", written(second)) == (
        ParcelSent(parcel_id="7", weight_grams=5, sender="unknown"),
    )


fields_of_version_1 = st.fixed_dictionaries(
    {"parcel_id": st.text(), "weight": st.integers(-(10**12), 10**12)},
    optional={"secret": st.text(), "unknown": st.recursive(st.none() | st.text(), st.lists)},
)


@given(fields_of_version_1)
def test_in_a_chain_are_the_steps_one_by_one(fields: dict[str, Any]) -> None:
    at_once = parcels().read("parcels.ParcelSent.v1", written(fields))
    assert at_once == parcels().read("parcels.ParcelSent.v2", written(with_a_unit(fields)))
    assert at_once == parcels().read("parcels.ParcelSent.v3", written(with_a_sender(with_a_unit(fields))))


def test_make_several_events_of_one_in_order() -> None:
    moved = {"parcel_id": "7", "shelf": "b", "by": "ada"}
    assert parcels().read("parcels.ParcelMoved.v1", written(moved)) == (
        ShelfChanged(parcel_id="7", shelf="b"),
        HandlerChanged(parcel_id="7", by="ada"),
    )


def test_say_what_a_stored_event_may_be_today_and_what_it_has_been_read_as() -> None:
    events = parcels()
    assert events.becomes("parcels.ParcelSent.v1") == {ParcelSent}
    moved: set[type[Event]] = {ShelfChanged, HandlerChanged}
    assert events.becomes("parcels.ParcelMoved.v1") == moved
    assert not events.becomes("parcels.ParcelSent.v9")
    assert not events.path("parcels.ParcelSent.v9")
    assert events.path("parcels.ParcelSent.v1") == {f"parcels.ParcelSent.v{version}" for version in (1, 2, 3)}
    assert events.present.keys() == {model.type for model in (ParcelSent, ShelfChanged, HandlerChanged)}


def test_may_read_what_other_upcasters_gave() -> None:
    into_the_oldest = upcaster(ParcelMovedV1, into=(ParcelSentV1, ShelfChanged))(
        lambda fields: [
            Part(ParcelSentV1, {"parcel_id": fields["parcel_id"], "weight": 1}),
            Part(ShelfChanged, {"parcel_id": fields["parcel_id"], "shelf": fields["shelf"]}),
            Part(ParcelSentV1, {"parcel_id": fields["parcel_id"], "weight": 2}),
        ]
    )
    moved = written({"parcel_id": "7", "shelf": "b", "by": "ada"})
    first, second, third = parcels(into_the_oldest).read("parcels.ParcelMoved.v1", moved)
    assert first == ParcelSent(parcel_id="7", weight_grams=1000, sender="unknown")
    assert (second, third) == (ShelfChanged(parcel_id="7", shelf="b"), first.model_copy(update={"weight_grams": 2000}))


def raises(fields: dict[str, Any]) -> Any:
    raise KeyError(f"wrong: {fields}")


class Strange(Event, ParcelStream):
    """An event of which no upcaster has told."""


@pytest.mark.parametrize(
    ("into", "function", "explanation"),
    [
        ((), raises, "raised KeyError"),
        ((), lambda _: None, "gave a NoneType in place of fields"),
        ((), lambda fields: [fields], "gave a list in place of fields"),
        ((), str, "gave a str in place of fields"),
        ((), lambda fields: {**fields, "parcel_id": SECRET}, "gave an event of another stream"),
        ((), lambda fields: fields, "the fields of parcels.ParcelSent.v3 are wrong"),
        ((), lambda fields: {**fields, "sender": {SECRET}}, "the fields of parcels.ParcelSent.v3 are "),
        ((), lambda fields: {**fields, "sender": object()}, "the fields of parcels.ParcelSent.v3 are no JSON"),
        ((ParcelSent,), raises, "raised KeyError"),
        ((ParcelSent,), lambda _: None, "gave no parts, but a NoneType"),
        ((ParcelSent,), lambda _: [], "gave no parts, but a list"),
        ((ParcelSent,), lambda fields: fields, "gave no parts, but a dict"),
        ((ParcelSent,), lambda fields: [fields], "gave no parts, but a list"),
        ((ParcelSent,), lambda fields: [Part(Strange, fields)], "gave a part that is not among"),
        ((ParcelSent,), lambda fields: [Part(ShelfChanged, fields)], "gave a part that is not among"),
        ((ParcelSent,), lambda fields: [Part(ParcelSent, SECRET)], "gave a str in place of fields"),  # type: ignore[arg-type]
    ],
)
def test_that_fail_are_named_without_the_fields(
    into: tuple[type[Event], ...], function: Callable[[Any], Any], explanation: str
) -> None:
    broken = Upcaster(ParcelSentV2, function, into)
    with pytest.raises(MalformedMessage, match=explanation.replace("(", r"\(")) as failure:
        parcels(broken).read("parcels.ParcelSent.v1", written(SENT))
    assert SECRET not in str(failure.value)
    assert not isinstance(failure.value, NewerRelease), "no upgrade would help"


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b'{"parcel_id": "7"'])
@pytest.mark.parametrize("version", [1, 3])
def test_are_not_asked_about_what_is_no_json_object(value: bytes, version: int) -> None:
    with pytest.raises(MalformedMessage):
        parcels().read(f"parcels.ParcelSent.v{version}", value)


@pytest.mark.parametrize("wire_type", ["parcels.ParcelSent.v4", "parcels.ParcelBurnt.v1", "letters.ParcelSent.v1", ""])
def test_of_an_event_that_is_not_declared_are_those_of_a_newer_release(wire_type: str) -> None:
    with pytest.raises(NewerRelease, match="upgrade this process"):
        parcels().read(wire_type, written(SENT))


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers(-9, 9) | st.text(), st.lists, max_leaves=5)))
def test_pass_over_the_fields_that_this_release_does_not_know(unknown: dict[str, Any]) -> None:
    known = {"user_id": "ada", "first_name": "A", "last_name": "L", "email": "a@x.org", "locale": "und"}
    rest = {name: value for name, value in unknown.items() if name not in UserCreated.model_fields}
    (event,) = stored_events().read("users.UserCreated.v2", written({**rest, **known}))
    assert event == UserCreated.model_validate(known)
    del known["locale"]
    assert stored_events().read("users.UserCreated.v1", written({**known, **rest})) == (event,)


def test_pass_over_unknown_fields_in_what_a_field_holds() -> None:
    line = {"sku": "tea", "quantity": 2, "unit_price": "1.50", "gift": {"wrapped": True}}
    order = {"order_id": "7", "user_id": "ada", "lines": [line], "currency": "EUR", "total": "3.00", "new": [1]}
    (placed,) = stored_events().read("orders.OrderPlaced.v1", written(order))
    assert json.loads(placed.to_json())["lines"] == [{"sku": "tea", "quantity": 2, "unit_price": "1.50"}]


def test_are_missing_for_an_older_version() -> None:
    with pytest.raises(
        MisdeclaredMessage,
        match=r"ParcelSentV1 is older than parcels\.ParcelSent\.v2 and has no upcaster: write one in",
    ):
        declared(with_a_sender, shelf_and_handler)


def test_are_two_of_one_event() -> None:
    with pytest.raises(MisdeclaredMessage, match="ParcelSentV1 has two upcasters"):
        declared(with_a_unit, with_a_unit, with_a_sender, shelf_and_handler)


def test_must_say_what_the_newest_version_becomes() -> None:
    of_the_newest = upcaster(ParcelSent)(lambda fields: fields)
    with pytest.raises(MisdeclaredMessage, match=r"ParcelSent is the newest version of its name, .*into=\(…,\)"):
        declared(with_a_unit, with_a_sender, shelf_and_handler, of_the_newest)


def test_of_or_into_an_event_that_is_not_declared() -> None:
    with pytest.raises(MisdeclaredMessage, match="ParcelMovedV1 is no event of the context parcels"):
        declared(
            with_a_unit,
            with_a_sender,
            shelf_and_handler,
            events=[model for model in EVENTS if model is not ParcelMovedV1],
        )
    into_a_stranger = upcaster(ParcelMovedV1, into=(Strange,))(lambda _: [])
    with pytest.raises(MisdeclaredMessage, match="Strange is no event of the context parcels"):
        declared(with_a_unit, with_a_sender, into_a_stranger)
    into_another_context = upcaster(ParcelMovedV1, into=(UserCreated,))(lambda _: [])
    with pytest.raises(MisdeclaredMessage, match="UserCreated is no event of the context parcels"):
        declared(with_a_unit, with_a_sender, into_another_context)


def test_that_lead_back_to_where_they_began() -> None:
    there = upcaster(ParcelSent, into=(ShelfChanged,))(lambda _: [])
    back = upcaster(ShelfChanged, into=(HandlerChanged, ParcelSentV2))(lambda _: [])
    with pytest.raises(MisdeclaredMessage, match=r"comes back to itself by upcasters: .* → .* → "):
        declared(with_a_unit, with_a_sender, shelf_and_handler, there, back)
