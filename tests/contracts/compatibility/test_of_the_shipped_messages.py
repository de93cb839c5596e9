"""The messages of every context fit what is committed; and of drawn changes of their schemas, those that the gate lets
pass really are read, by JSON Schema's own rules.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.catalogue import catalogue, stored_events
from contracts.compatibility.files import files_under, publication_of
from contracts.compatibility.publication import sample_breaks
from contracts.compatibility.rules import command_breaks, event_breaks
from contracts.message import Event, Message
from contracts.schemas import ROOT, messages, published_folder, schema_breaks, schema_of
from workers.testing.drawing import values_of

MODELS = list(messages().values())
ADDED = {"type": "integer", "minimum": 0, "maximum": 3}


def test_fit_what_was_committed_of_them() -> None:
    assert [str(item) for item in schema_breaks()] == []


def test_read_their_golden_samples() -> None:
    folders = {context: published_folder(ROOT, context) for context in catalogue().contexts}
    present = publication_of(files_under(folders))
    assert [str(item) for item in sample_breaks(present, present, stored_events())] == []


def places(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within the schema, itself included."""
    if isinstance(schema, dict):
        if "type" in schema or "anyOf" in schema or "$ref" in schema:
            yield schema
        for key in ("properties", "$defs"):
            for part in schema.get(key, {}).values():
                yield from places(part)
        yield from places(schema.get("items"))
        for part in schema.get("anyOf", ()):
            yield from places(part)


@st.composite
def changed(draw: Any, model: type[Message]) -> dict[str, Any]:
    """The schema of the message with one thing changed."""
    schema = copy.deepcopy(schema_of(model))
    place = draw(st.sampled_from(list(places(schema))))
    limits = [key for key in ("minLength", "maxLength", "minimum", "maximum", "maxItems") if key in place]
    choices = [*limits, "nullable"]
    if "properties" in place:
        choices += ["add", "add", "remove", "required"]
    choice = draw(st.sampled_from(choices))
    if choice in limits:
        place[choice] = max(0, place[choice] + draw(st.sampled_from([-1, 1])))
    elif choice == "nullable" and place is not schema:
        whole = dict(place)
        place.clear()
        place["anyOf"] = [whole, {"type": "null"}]
    elif "properties" in place:
        names = list(place["properties"])
        name = draw(st.sampled_from(names))
        required = place.setdefault("required", [])
        match choice:
            case "add":
                place["properties"]["added"] = ADDED
                required += draw(st.sampled_from([[], ["added"]]))
            case "remove":
                del place["properties"][name]
                place["required"] = [other for other in required if other != name]
            case _:
                place["required"] = [other for other in names if (other in required) != (other == name)]
    return schema


def tolerant(schema: dict[str, Any]) -> Draft202012Validator:
    """Reads as events are read: fields that the schema does not know are passed over."""
    opened = copy.deepcopy(schema)
    for place in places(opened):
        place.pop("additionalProperties", None)
    return Draft202012Validator(opened)


def is_read(written: dict[str, Any], accepted: Draft202012Validator, data: st.DataObject) -> None:
    value = data.draw(values_of(written))
    assert accepted.is_valid(value), json.dumps(value)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.type)
@settings(max_examples=15)
@given(data=st.data())
def test_and_so_does_each_change_that_the_gate_lets_pass(model: type[Message], data: st.DataObject) -> None:
    before, now = schema_of(model), data.draw(changed(model))
    if issubclass(model, Event):
        if not event_breaks(before, now):
            is_read(before, tolerant(now), data)
            is_read(now, tolerant(before), data)
    elif not command_breaks(before, now):
        is_read(before, Draft202012Validator(now), data)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.type)
def test_each_has_changes_that_pass_and_changes_that_do_not(model: type[Message]) -> None:
    """The control of the law above."""
    before = schema_of(model)
    breaks = event_breaks if issubclass(model, Event) else command_breaks
    search = settings(max_examples=200, phases=[Phase.generate])
    find(changed(model), lambda now: now != before and not breaks(before, now), settings=search)
    find(changed(model), lambda now: bool(breaks(before, now)), settings=search)
