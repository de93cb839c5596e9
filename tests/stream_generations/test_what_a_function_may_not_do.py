"""Every answer of a function is looked at. What could harm the context is refused, with the event's place alone."""

from collections.abc import Callable
from typing import Any

import pytest

from contracts.catalogue import stored_events
from contracts.copying import EventAsStored, Part
from contracts.orders.events import OrderPlaced
from contracts.users.events import UserCreated
from tests.cli.recorded_streams import ADAS_PARTITION, rows
from tests.stream_generations import transforms
from workers.operations.stream_generations.transforming import TransformRefused, transformed

CREATED, WELCOMED, _ = rows(ADAS_PARTITION)
WITH_A_NOTE = CREATED._replace(data=CREATED.data[:-1] + b',"note":"of a newer release"}')


def of_another_context(event: EventAsStored) -> Part:
    return Part(OrderPlaced, event.fields)


def without_fields(event: EventAsStored) -> Part:
    return Part(event.model, None)  # type: ignore[arg-type]


def changing_what_it_is_given(event: EventAsStored) -> Part:
    event.fields["first_name"] = "Adele"
    return event.part


REFUSED: dict[str, tuple[Callable[[EventAsStored], Any], str]] = {
    "impure": (transforms.impure, "is not pure: called twice, it gave two answers"),
    "of another stream": (transforms.of_another_stream, "gave an event of another stream"),
    "unreadable": (transforms.unreadable, "gave an event that cannot be read: the fields of users.UserCreated.v2 are"),
    "of nothing": (transforms.of_nothing, "gave a NoneType, not a Part; an unchanged event is `event.part`"),
    "failing": (transforms.failing, "raised LookupError"),
    "of a field of its own": (
        transforms.with_a_field_of_its_own,
        "fields that users.UserCreated.v2 does not have: citty",
    ),
    "of another context": (of_another_context, "gave a OrderPlaced, which is no event of users"),
    "without fields": (without_fields, "gave a NoneType in place of fields"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str) -> None:
    function, problem = REFUSED[name]
    with pytest.raises(TransformRefused) as refused:
        transformed(CREATED, function, stored_events())
    text = str(refused.value)
    assert problem in text
    assert text.startswith("event 1 of lane users/1 (UserCreated.v2 of stream ada): the function ")
    assert "ada@example.org" not in text


def test_an_event_of_a_newer_release_is_given_to_no_function() -> None:
    newer = CREATED._replace(schema_version=9)
    with pytest.raises(TransformRefused, match=r"users\.UserCreated\.v9 was written by a newer release, upgrade first"):
        transformed(newer, transforms.with_cities_in_capitals, stored_events())


def test_a_character_that_the_table_cannot_hold_is_refused() -> None:
    with pytest.raises(TransformRefused, match=r"with U\+0000"):
        transformed(WITH_A_NOTE, transforms.to_a_character_that_jsonb_lacks, stored_events())


def test_a_field_of_a_newer_release_is_kept() -> None:
    assert b"of a newer release" in transformed(WITH_A_NOTE, transforms.with_cities_in_capitals, stored_events()).data


def test_an_unchanged_event_stays_the_very_row() -> None:
    assert transformed(WELCOMED, transforms.with_cities_in_capitals, stored_events()) is WELCOMED


def test_a_function_may_change_what_it_is_given() -> None:
    copied = transformed(CREATED, changing_what_it_is_given, stored_events())
    assert b"Adele" in copied.data
    assert b"Adele" not in CREATED.data


def test_an_older_version_may_become_the_present_one() -> None:
    older = CREATED._replace(schema_version=1, data=CREATED.data.replace(b',"locale":"und"', b""))
    assert b"locale" not in older.data
    copied = transformed(older, transforms.of_the_newest_version, stored_events())
    assert (copied.type, copied.schema_version) == ("UserCreated", UserCreated.schema_version)
    assert copied[:6] == older[:6]
