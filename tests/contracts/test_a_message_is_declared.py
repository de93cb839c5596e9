"""A message declares its context, its stream's field and its name. None of them follows from its module's place."""

from types import new_class
from typing import Any

import pytest
from pydantic import Field, PrivateAttr

from contracts.catalogue import catalogue_of
from contracts.message import RESERVED, Command, Event, Message, MisdeclaredMessage


class ParcelStream(Message, context="parcels", stream_field="parcel_id"):
    """The base of the messages of a context that no folder has."""

    parcel_id: str


class SendParcel(Command, ParcelStream):
    """Send it."""

    weight: int


class ParcelSent(Event, ParcelStream, version=2):
    """It was sent."""


class ParcelSentV1(Event, ParcelStream, name="ParcelSent"):
    """It was sent, as an earlier release said it."""


def test_names_context_and_stream_once_for_all_messages_of_a_stream() -> None:
    assert (SendParcel.context, SendParcel.stream_field, SendParcel.type) == (
        "parcels",
        "parcel_id",
        "parcels.SendParcel.v1",
    )
    assert ParcelSent.type == "parcels.ParcelSent.v2"
    assert ParcelSent(parcel_id="7").stream_id == "7"


def test_has_nothing_to_do_with_the_module_of_the_class() -> None:
    assert "parcels" not in ParcelSent.__module__
    moved: Any = new_class("ParcelSent", (Event, ParcelStream), {"version": 2})
    assert moved.type == ParcelSent.type


def test_has_the_name_and_the_version_that_it_declares() -> None:
    assert (ParcelSentV1.name, ParcelSentV1.schema_version) == ("ParcelSent", 1)
    assert ParcelSentV1.type == "parcels.ParcelSent.v1"


@pytest.mark.parametrize(("name", "version"), [("Parcel Sent", 1), ("ParcelSent", 0), ("ParcelSent", 10_000)])
def test_with_a_name_or_a_version_that_no_wire_type_has_is_an_error(name: str, version: int) -> None:
    with pytest.raises(MisdeclaredMessage, match=r"would have the wire type parcels\."):

        class Wrong(Event, ParcelStream, name=name, version=version):
            """It has no wire type."""


def test_with_a_version_that_is_set_and_not_declared_is_an_error() -> None:
    with pytest.raises(MisdeclaredMessage, match=r"say class …\(…, version=2\)"):

        class ParcelLost(Event, ParcelStream):
            schema_version = 2


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")
@pytest.mark.parametrize("name", sorted(RESERVED))
def test_with_a_field_that_is_called_as_what_it_says_of_itself_is_an_error(name: str) -> None:
    with pytest.raises(MisdeclaredMessage, match=f"has a field called {name}, .*: call it wrong_{name}"):
        new_class("Wrong", (Event, ParcelStream), {}, lambda body: body.update(__annotations__={name: str}))


def test_puts_the_streams_field_first_on_the_wire() -> None:
    assert SendParcel(weight=3, parcel_id="7").to_json() == b'{"parcel_id":"7","weight":3}'
    assert list(SendParcel.model_json_schema()["properties"]) == ["parcel_id", "weight"]


def test_without_a_context_is_an_error() -> None:
    with pytest.raises(MisdeclaredMessage, match=r"ParcelLost declares no context: class ParcelLost\(…, context="):

        class ParcelLost(Event, stream_field="parcel_id"):
            parcel_id: str


def test_without_a_stream_is_an_error() -> None:
    with pytest.raises(MisdeclaredMessage, match=r"ParcelLost declares no stream field: class ParcelLost\(…, stream_f"):

        class ParcelLost(Event, context="parcels"):
            parcel_id: str


def test_with_a_stream_field_that_is_no_field_is_an_error() -> None:
    with pytest.raises(MisdeclaredMessage, match="LetterStream has no field letter_id"):

        class LetterStream(Message, context="parcels", stream_field="letter_id"):
            parcel_id: str


def test_is_listed_by_its_wire_type() -> None:
    catalogue = catalogue_of({"parcels": [SendParcel, ParcelSent], "client": []})
    assert catalogue.contexts == ("parcels",)
    assert catalogue.commands == {"parcels.SendParcel.v1": SendParcel}
    assert catalogue.events == {"parcels.ParcelSent.v2": ParcelSent}


def test_in_the_folder_of_another_context_is_an_error() -> None:
    with pytest.raises(MisdeclaredMessage, match=r"SendParcel declares the context parcels, but stands in .* letters"):
        catalogue_of({"letters": [SendParcel]})


def test_of_a_wire_type_that_another_has_is_an_error() -> None:
    class Again(Event, ParcelStream, name="ParcelSent", version=2):
        """The same once more."""

    with pytest.raises(
        MisdeclaredMessage, match=r"Again has the wire type parcels\.ParcelSent\.v2, which .*ParcelSent has"
    ):
        catalogue_of({"parcels": [ParcelSent, Again]})


class ParcelPacked(Event, ParcelStream):
    """Its contents have a default that is made again for each event."""

    contents: list[str] = Field(default_factory=list)


class ParcelWeighed(Event, ParcelStream):
    """It has an attribute that is no field."""

    _scale: str = PrivateAttr("kitchen")


class ParcelFound(Event, ParcelStream):
    """It is completed by a function of its own."""

    def model_post_init(self, _: Any, /) -> None:
        vars(self)["found"] = True


class ParcelOpened(Event, ParcelStream):
    """Its contents have a default that pydantic copies for each event."""

    contents: list[str] = Field(default=[])


@pytest.mark.parametrize("model", [ParcelPacked, ParcelWeighed, ParcelFound, ParcelOpened])
def test_with_more_than_fields_is_always_made_by_pydantic(model: type[Event]) -> None:
    values = {"parcel_id": "7"}
    made, validated = model.model_construct(**values), model(**values)  # type: ignore[arg-type]  # no event has no fields
    assert made == validated
    assert all(made.__dict__[name] is not value for name, value in vars(validated).items() if isinstance(value, list))
