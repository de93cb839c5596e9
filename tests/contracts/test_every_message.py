"""Laws of all messages of all contexts."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.catalogue import catalogue
from contracts.message import Event, Message
from contracts.samples import shown
from workers.testing.drawing import messages

MODELS: list[type[Message]] = [*catalogue().commands.values(), *catalogue().events.values()]
EVENTS = list(catalogue().events.values())
every_message = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.type)


@every_message
@settings(max_examples=50)
@given(data=st.data())
def test_comes_back_from_its_json_as_it_was(model: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages(model))
    read = model.model_validate_json(message.to_json())
    assert read == message
    assert read.model_fields_set == message.model_fields_set
    assert read.to_json() == message.to_json()


@every_message
def test_has_an_example(model: type[Message]) -> None:
    assert shown(model), f"name an example of {model.type} in contracts/{model.context}/examples.py"


@every_message
def test_refuses_fields_that_it_does_not_know(model: type[Message]) -> None:
    for example in shown(model).values():
        with pytest.raises(ValidationError, match="stray_field"):
            model.model_validate({**example.model_dump(exclude_unset=True), "stray_field": 1})


@every_message
def test_is_frozen(model: type[Message]) -> None:
    for example in shown(model).values():
        with pytest.raises(ValidationError, match="frozen"):
            setattr(example, model.stream_field, "another")


@every_message
def test_is_about_one_stream_whose_id_must_be_given(model: type[Message]) -> None:
    assert model.model_fields[model.stream_field].is_required()
    for example in shown(model).values():
        assert example.stream_id == getattr(example, model.stream_field)


@every_message
@pytest.mark.parametrize("bad", ["nul\0nul", "\ud800", "line\nline", "x" * 10_001, "", 7, ["list"]], ids=repr)
def test_refuses_a_bad_value_in_any_text_field_and_names_the_field(model: type[Message], bad: object) -> None:
    example = next(iter(shown(model).values()))
    texts = [name for name, field in model.model_json_schema()["properties"].items() if "string" in str(field)]
    assert texts
    for name in texts:
        with pytest.raises(ValidationError) as rejection:
            model.model_validate({**example.model_dump(exclude_unset=True), name: bad})
        assert {error["loc"] for error in rejection.value.errors()} == {(name,)}


@pytest.mark.parametrize("model", EVENTS, ids=lambda model: model.type)
@settings(max_examples=50)
@given(data=st.data())
def test_may_be_made_of_validated_values_and_is_then_the_same(model: type[Event], data: st.DataObject) -> None:
    validated = data.draw(messages(model))
    values = {name: getattr(validated, name) for name in reversed(list(validated.model_fields_set))}
    made = model.model_construct(**values)
    assert made == validated
    assert list(vars(made).items()) == list(vars(validated).items())
    assert made.model_fields_set == validated.model_fields_set
    assert made.to_json() == validated.to_json()
    assert (hash(made), repr(made), made.stream_id) == (hash(validated), repr(validated), validated.stream_id)
    assert made.model_copy() == copy.deepcopy(made) == validated


@pytest.mark.parametrize("model", EVENTS, ids=lambda model: model.type)
def test_made_of_validated_values_must_have_its_fields_and_no_others(model: type[Event]) -> None:
    for example in shown(model).values():
        values: dict[str, Any] = {name: getattr(example, name) for name in example.model_fields_set}
        with pytest.raises(TypeError, match="stray_field"):
            model.model_construct(**values | {"stray_field": 1})
        del values[model.stream_field]
        with pytest.raises(TypeError, match=model.stream_field):
            model.model_construct(**values)
