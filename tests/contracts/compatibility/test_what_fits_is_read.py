"""Whatever the gate lets pass, messages that were written under the one model are read under the other."""

import json
import os
from typing import Any

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from contracts.compatibility.rules import command_breaks, event_breaks
from contracts.message import Command, Event, Message
from tests.contracts.compatibility.changes import changed_parts
from tests.contracts.compatibility.shapes import Part, fields, parts_of_a_message, records


class ParcelStream(Message, context="parcels", stream_field="parcel_id"):
    """The base of the drawn messages."""

    parcel_id: str


def model_of(kind: type[Message], parts: tuple[Part, ...]) -> type[Message]:
    """A message of this kind with these fields."""
    annotations = {name: annotation for name, (annotation, _) in fields(parts).items()}
    defaults = {name: default for name, (_, default) in fields(parts).items() if default is not ...}
    return type("Drawn", (kind, ParcelStream), {"__annotations__": annotations, "__module__": __name__, **defaults})


def written(data: st.DataObject, model: type[Message], parts: tuple[Part, ...]) -> bytes:
    """A message of the model as it is stored or sent."""
    values = {"parcel_id": "7", **data.draw(records(parts))}
    return model.model_validate_json(_json(values)).to_json()


@st.composite
def pairs(draw: Any) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Fields before and after a change."""
    before = draw(parts_of_a_message)
    after = draw(changed_parts(before))
    return before, draw(changed_parts(after)) if draw(st.integers(0, 4)) == 0 else after


SEARCH = settings(max_examples=1000, phases=[Phase.generate])
EXAMPLES = int(os.environ.get("ANNALS_TEST_SCHEMA_CHANGES", "100"))


@settings(max_examples=EXAMPLES)
@given(pair=pairs(), data=st.data())
def test_of_an_event_in_both_directions(pair: Any, data: st.DataObject) -> None:
    before, now = (model_of(Event, parts) for parts in pair)
    breaks = event_breaks(before.model_json_schema(), now.model_json_schema())
    if breaks:
        return
    for _ in range(3):
        stored = written(data, before, pair[0])
        now.__pydantic_validator__.validate_json(stored, extra="ignore")
        emitted = written(data, now, pair[1])
        before.__pydantic_validator__.validate_json(emitted, extra="ignore")


@settings(max_examples=EXAMPLES)
@given(pair=pairs(), data=st.data())
def test_of_a_command_by_the_new_model(pair: Any, data: st.DataObject) -> None:
    before, now = (model_of(Command, parts) for parts in pair)
    breaks = command_breaks(before.model_json_schema(), now.model_json_schema())
    if breaks:
        return
    for _ in range(3):
        now.model_validate_json(written(data, before, pair[0]))


@settings(max_examples=50)
@given(parts=parts_of_a_message)
def test_and_a_message_that_did_not_change_always_fits(parts: tuple[Part, ...]) -> None:
    before, now = (model_of(Event, parts).model_json_schema() for _ in range(2))
    assert event_breaks(before, now) == []
    assert command_breaks(before, now) == []


def test_some_of_the_drawn_changes_fit() -> None:
    """The control: the laws above are about something."""

    def fits(pair: Any) -> bool:
        before, now = (model_of(Event, parts).model_json_schema() for parts in pair)
        return bool(pair[0]) and pair[0] != pair[1] and before != now and not event_breaks(before, now)

    find(pairs(), fits, settings=SEARCH)


def test_the_search_would_find_an_event_that_is_not_read() -> None:
    """The control: of the drawn changes some are such that a stored event is refused."""

    def refused(case: tuple[Any, bytes]) -> bool:
        (_, after), stored = case
        try:
            model_of(Event, after).__pydantic_validator__.validate_json(stored, extra="ignore")
        except ValueError:
            return True
        return False

    @st.composite
    def cases(draw: Any) -> tuple[Any, bytes]:
        pair = draw(pairs())
        return pair, _json({"parcel_id": "7", **draw(records(pair[0]))})

    (before, after), _ = find(cases(), refused, settings=SEARCH)
    models = [model_of(Event, parts).model_json_schema() for parts in (before, after)]
    assert event_breaks(*models)


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode()
