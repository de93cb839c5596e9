"""Functions for copies of the users."""

import time

from contracts.copying import EventAsStored, Part
from contracts.users.events import UserCreated, UserCreatedV1, UserUpdated


def with_cities_in_capitals(event: EventAsStored) -> Part:
    """Another value of a field, of some events only."""
    if event.fields.get("city") is None:
        return event.part
    return Part(event.model, {**event.fields, "city": event.fields["city"].upper()})


def without_addresses(event: EventAsStored) -> Part:
    """What an operator does when a law asks for it: the e-mail address goes, in every version of the event."""
    if event.model not in (UserCreated, UserCreatedV1):
        return event.part
    return Part(event.model, {**event.fields, "email": f"{event.stream_id}@gone.invalid"})


def of_the_newest_version(event: EventAsStored) -> Part:
    """Another type."""
    return Part(UserCreated, {**event.fields, "locale": "und"}) if event.model is UserCreatedV1 else event.part


calls: list[int] = []


def impure(event: EventAsStored) -> Part:
    calls.append(1)
    return Part(event.model, {**event.fields, "city": f"city {len(calls)}"})


def of_another_stream(event: EventAsStored) -> Part:
    return Part(event.model, {**event.fields, "user_id": "somebody"})


def unreadable(event: EventAsStored) -> Part:
    return Part(event.model, {**event.fields, "first_name": 7})


def of_nothing(event: EventAsStored) -> None:
    """Forgets to answer."""


def failing(event: EventAsStored) -> Part:
    raise LookupError(event.fields["email"])


def to_a_character_that_jsonb_lacks(event: EventAsStored) -> Part:
    return Part(event.model, {**event.fields, "note": "a\0"})


def with_a_field_of_its_own(event: EventAsStored) -> Part:
    return Part(event.model, {**event.fields, "citty": "Rome"})


def to_an_update(event: EventAsStored) -> Part:
    """A stream that begins with an update cannot be applied, or leads elsewhere."""
    return Part(UserUpdated, {"user_id": event.stream_id, "city": "Rome"})


def slowly(event: EventAsStored) -> Part:
    """So slowly that a copy can be killed before it ends."""
    time.sleep(0.0005)
    return with_cities_in_capitals(event)
