"""Laws of all messages of all contexts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.message import Message
from tests.contracts.drawn import messages

MODELS: list[type[Message]] = [*catalogue().commands.values(), *catalogue().events.values()]
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
    assert examples_of(model), f"name an example of {model.type} in contracts/{model.context}/examples.py"


@every_message
def test_refuses_fields_that_it_does_not_know(model: type[Message]) -> None:
    for example in examples_of(model).values():
        with pytest.raises(ValidationError, match="stray_field"):
            model.model_validate({**example.model_dump(exclude_unset=True), "stray_field": 1})


@every_message
def test_is_frozen(model: type[Message]) -> None:
    for example in examples_of(model).values():
        with pytest.raises(ValidationError, match="frozen"):
            setattr(example, model.stream_field, "another")


@every_message
def test_is_about_one_stream_whose_id_must_be_given(model: type[Message]) -> None:
    assert model.model_fields[model.stream_field].is_required()
    for example in examples_of(model).values():
        assert example.stream_id == getattr(example, model.stream_field)


@every_message
@pytest.mark.parametrize("bad", ["nul\0nul", "\ud800", "line\nline", "x" * 10_001, "", 7, ["list"]], ids=repr)
def test_refuses_a_bad_value_in_any_text_field_and_names_the_field(model: type[Message], bad: object) -> None:
    example = next(iter(examples_of(model).values()))
    texts = [name for name, field in model.model_json_schema()["properties"].items() if "string" in str(field)]
    assert texts
    for name in texts:
        with pytest.raises(ValidationError) as rejection:
            model.model_validate({**example.model_dump(exclude_unset=True), name: bad})
        assert {error["loc"] for error in rejection.value.errors()} == {(name,)}
