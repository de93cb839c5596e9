"""A deprecated command says so itself: in its schema, in the documents and in its outcomes."""

import json
from datetime import UTC, date, datetime
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from contracts.asyncapi import asyncapi
from contracts.catalogue import catalogue_of
from contracts.compatibility.publication import Publication, breaks
from contracts.deprecation import DEPRECATED, Deprecated
from contracts.message import Command, Event, Message, MisdeclaredMessage
from contracts.outcome import Outcome
from contracts.schemas import schema_of
from contracts.topics import Topics
from contracts.users.commands import CreateUser
from workers.ports.outcomes import OutcomeRow

LATE = Deprecated(since=date(2027, 6, 1), removed_on=date(2028, 6, 1), use="parcels.ShipParcel.v1")


class ParcelStream(Message, context="parcels", stream_field="parcel_id"):
    """The base of the messages."""

    parcel_id: str


class SendParcel(Command, ParcelStream, deprecated=LATE):
    """Send it."""


class ShipParcel(Command, ParcelStream):
    """Send it, as it is done now."""


def test_is_declared_with_a_day() -> None:
    assert SendParcel.deprecation == DEPRECATED["parcels.SendParcel.v1"] == LATE
    assert ShipParcel.deprecation is None
    assert ShipParcel.type not in DEPRECATED
    assert str(LATE) == "deprecated since 2027-06-01, accepted until 2028-06-01: send parcels.ShipParcel.v1 instead"
    assert str(Deprecated(since=date(2027, 6, 1))) == "deprecated since 2027-06-01"
    assert Deprecated(since=date(2027, 6, 1)).to_json() == b'{"since":"2027-06-01"}'


def test_does_not_make_its_next_version_deprecated() -> None:
    class Next(SendParcel, name="SendParcel", version=2):
        weight: int

    assert Next.deprecation is None
    assert "deprecated" not in schema_of(Next)


def test_is_no_event() -> None:
    with pytest.raises(MisdeclaredMessage, match="is an event: it is not deprecated, but retired by an upcaster"):

        class ParcelSent(Event, ParcelStream, deprecated=LATE):
            pass


@pytest.mark.parametrize(
    "values",
    [
        {"removed_on": date(2027, 5, 31)},
        {"use": "ShipParcel"},
        {"use": "parcels.ShipParcel.v1\n"},
        {"use": "", "removed_on": None},
        {"until": date(2028, 1, 1)},
    ],
    ids=repr,
)
def test_has_days_in_their_order_and_names_a_wire_type(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Deprecated(since=date(2027, 6, 1), **values)


def test_names_a_command_that_there_is() -> None:
    assert catalogue_of({"parcels": [SendParcel, ShipParcel]}).commands.keys() == {SendParcel.type, ShipParcel.type}
    with pytest.raises(MisdeclaredMessage, match=r"in favour of parcels\.ShipParcel\.v1, which is no other declared"):
        catalogue_of({"parcels": [SendParcel]})


def test_says_so_in_its_schema() -> None:
    schema = schema_of(SendParcel)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["deprecated"] is True
    assert schema["x-deprecation"] == {
        "since": "2027-06-01",
        "removed_on": "2028-06-01",
        "use": "parcels.ShipParcel.v1",
    }
    assert "deprecated" not in schema_of(ShipParcel)


def test_says_so_in_the_asyncapi_document(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Deprecated(since=date(2027, 6, 1), use="users.UpdateUser.v1")
    monkeypatch.setattr(CreateUser, "deprecation", late)
    CreateUser.model_rebuild(force=True)
    try:
        messages = asyncapi(Topics(), "1")["components"]["messages"]
        assert messages["users.CreateUser.v1"]["tags"] == [{"name": "deprecated", "description": str(late)}]
        assert messages["users.CreateUser.v1"]["payload"]["deprecated"] is True
        assert "tags" not in messages["users.UpdateUser.v1"]
    finally:
        monkeypatch.undo()
        CreateUser.model_rebuild(force=True)


def outcome_of(type_: str) -> bytes:
    row = OutcomeRow(
        *("0198c0de-0000-7000-8000-000000000001", type_, "parcels", "7", "accepted", 1, 0, 1, (), None, "a", "b"),
        *(None, datetime(2028, 1, 1, tzinfo=UTC), "digest"),
    )
    return row.outcome


def test_says_so_in_its_outcomes_and_in_no_other() -> None:
    outcome = Outcome.model_validate_json(outcome_of(SendParcel.type), strict=True, extra="forbid")
    assert outcome.deprecation == LATE
    assert outcome.to_json().endswith(b',"deprecation":' + LATE.to_json() + b"}")
    assert outcome_of(SendParcel.type).endswith(b',"deprecation":' + LATE.to_json() + b"}")
    assert json.loads(outcome.shown_json())["deprecation"]["use"] == "parcels.ShipParcel.v1"
    other = Outcome.model_validate_json(outcome_of(ShipParcel.type), strict=True, extra="forbid")
    assert b"deprecation" not in outcome_of(ShipParcel.type) + other.to_json() + other.shown_json()


def test_may_be_removed_from_its_day_on_and_not_before() -> None:
    published = Publication({SendParcel.type: schema_of(SendParcel), ShipParcel.type: schema_of(ShipParcel)})
    models, schemas = {ShipParcel.type: ShipParcel}, {ShipParcel.type: schema_of(ShipParcel)}
    assert breaks(published, models, schemas, date(2028, 6, 1)) == []
    assert [item.type for item in breaks(published, models, schemas, date(2028, 5, 31))] == [SendParcel.type]
    assert [item.type for item in breaks(published, models, schemas)] == [SendParcel.type]


def test_fits_what_was_published_before_it_was_deprecated() -> None:
    before = {key: value for key, value in schema_of(SendParcel).items() if "deprecat" not in key}
    models, schemas = {SendParcel.type: SendParcel}, {SendParcel.type: schema_of(SendParcel)}
    assert breaks(Publication({SendParcel.type: before}), models, schemas) == []
