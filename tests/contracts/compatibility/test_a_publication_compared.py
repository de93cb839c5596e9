"""What was published, held against other declarations: which messages break, why, and what to write instead."""

import pytest

from contracts.catalogue import stored_events
from contracts.compatibility.files import PublishedFile, UnreadableSchema, publication_of
from contracts.compatibility.publication import Publication, breaks, sample_breaks
from contracts.message import Command, Event, Message
from contracts.schemas import schema_of


class ParcelStream(Message, context="parcels", stream_field="parcel_id"):
    """The base of the messages."""

    parcel_id: str


class ParcelSent(Event, ParcelStream):
    """It was sent."""

    weight: int


class SendParcel(Command, ParcelStream):
    """Send it."""

    weight: int


class ParcelSentAnew(Event, ParcelStream, name="ParcelSent"):
    """As somebody changed it."""

    weight: int
    locale: str


class ParcelSentV2(Event, ParcelStream, name="ParcelSent", version=2):
    """Its next version."""

    locale: str


class SendParcelAnew(Command, ParcelStream, name="SendParcel"):
    """As somebody changed it."""

    weight: str


def published(*models: type[Message]) -> Publication:
    return Publication({model.type: schema_of(model) for model in models})


def broken(before: Publication, *models: type[Message]) -> str:
    by_type = {model.type: model for model in models}
    return "\n".join(map(str, breaks(before, by_type, {type_: schema_of(model) for type_, model in by_type.items()})))


def test_an_event_that_changed_is_declared_anew_beside_the_old_one() -> None:
    assert broken(published(ParcelSent), ParcelSentAnew) == (
        "parcels.ParcelSent.v1: field `locale` is required now, stored events lack it.\n"
        "Put the fields back as they were, and declare version 2 beside them, in "
        f"{__name__}:\n\n"
        '    class ParcelSentV1(Event, ParcelStream, name="ParcelSent", version=1):\n'
        "        …  # the fields as they were\n\n"
        "    class ParcelSent(Event, ParcelStream, version=2):\n"
        "        …  # the fields as they are to be\n\n"
        f"and say how the stored events become the new ones, in {__name__.rpartition('.')[0]}.upcasters:\n\n"
        "    @upcaster(ParcelSentV1)\n"
        "    def parcel_sent_v1(fields: Fields) -> Fields:\n"
        '        return {**fields, "locale": …}\n\n'
        "Then run `annals docs schemas`."
    )


def test_a_command_that_changed_is_handled_in_both_versions() -> None:
    text = broken(published(SendParcel), SendParcelAnew)
    assert "parcels.SendParcel.v1: field `weight` is string now, old clients may have integer." in text
    assert "    class SendParcel(Command, ParcelStream, version=2):" in text
    assert "let the decider of parcels handle both for as long as clients send version 1" in text


def test_an_older_version_is_put_back() -> None:
    text = broken(published(ParcelSent, ParcelSentV2), ParcelSentAnew, ParcelSentV2)
    assert "Version 1 stays as it was: put its fields back. What is new belongs to version 2" in text


def test_a_version_that_is_gone_is_declared_again() -> None:
    sampled = Publication(published(ParcelSent).schemas, {("parcels.ParcelSent.v1", "ParcelSent.v1.json"): b"{}"})
    text = broken(sampled, ParcelSentV2)
    assert "parcels.ParcelSent.v1: it is stored for ever, and is not declared any more.\nDeclare it again" in text
    assert '    class ParcelSentV1(Event, …, name="ParcelSent", version=1):' in text
    assert "it may be stored, or still be sent, and is not declared" in broken(published(SendParcel), ParcelSentV2)


def test_a_new_version_beside_the_old_one_breaks_nobody() -> None:
    assert broken(published(ParcelSent, SendParcel), ParcelSent, ParcelSentV2, SendParcel) == ""


USER = ("users.UserWelcomed.v1", "UserWelcomed.v1.json")


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ({USER: b'{"user_id":"ada"}'}, {USER: b'{"user_id":"bob"}'}, "UserWelcomed.v1.json was changed"),
        ({USER: b'{"user_id":"ada"}'}, {}, "UserWelcomed.v1.json was removed"),
        ({}, {USER: b'{"user":"ada"}'}, "cannot be read: NotAnEvent: the fields of users.UserWelcomed.v1 are wrong"),
        ({}, {USER: b"{"}, "cannot be read"),
        ({}, {("users.UserRenamed.v1", "UserRenamed.v1.json"): b"{}"}, "cannot be read: its version is not declared"),
    ],
    ids=["changed", "removed", "other fields", "no JSON", "no model"],
)
def test_a_golden_sample_stays_and_is_read(before: dict, now: dict, reason: str) -> None:  # type: ignore[type-arg]
    (sample_break,) = sample_breaks(Publication({}, before), Publication({}, now), stored_events())
    assert reason in str(sample_break)


def test_a_golden_sample_that_is_added_breaks_nobody() -> None:
    added = {USER: b'{"user_id":"ada","a_field_of_a_newer_release":1}'}
    assert sample_breaks(Publication(), Publication({}, added), stored_events()) == []


@pytest.mark.parametrize("value", [b"<<<<<<< HEAD", b"[]", b"", b"\xff"])
def test_a_schema_that_is_none_is_named(value: bytes) -> None:
    with pytest.raises(UnreadableSchema, match=r"users/schemas/CreateUser\.v1\.json is no JSON object: restore it"):
        publication_of({PublishedFile("users", "schemas", "CreateUser.v1.json"): value})
