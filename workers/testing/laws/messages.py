"""Laws of messages: what is published says all that its readers need, and is read as it was written."""

import json

import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.catalogue import stored_events
from contracts.installed import folder_of
from contracts.message import Message
from contracts.samples import shown
from contracts.schemas import schema_of, stale_schemas
from workers.core.context import Context
from workers.testing.drawing import messages
from workers.testing.laws.about import Laws, holds


class MessageLaws(Laws):
    """Of each command and event, retired ones included."""

    @holds(50)
    def test_comes_back_from_its_json_as_it_was(self, message: type[Message], data: st.DataObject) -> None:
        """Drawn from the schema: so the schema promises nothing that the model refuses."""
        written = data.draw(messages(message))
        read = message.model_validate_json(written.to_json())
        assert read == written
        assert read.model_fields_set == written.model_fields_set
        assert read.to_json() == written.to_json()

    def test_has_an_example(self, message: type[Message]) -> None:
        assert shown(message), f"name an example of {message.type} in the module examples of {message.context}"

    def test_refuses_fields_that_it_does_not_know(self, message: type[Message]) -> None:
        for example in shown(message).values():
            with pytest.raises(ValidationError, match="stray_field"):
                message.model_validate({**example.model_dump(exclude_unset=True), "stray_field": 1})

    def test_is_about_one_stream_whose_id_must_be_given(self, message: type[Message]) -> None:
        assert message.model_fields[message.stream_field].is_required()
        for example in shown(message).values():
            assert example.stream_id == getattr(example, message.stream_field)

    def test_can_be_hashed_and_never_changes(self, message: type[Message]) -> None:
        """A list or a dictionary in a message could be changed by whoever has it: a tuple cannot."""
        for example in shown(message).values():
            hash(example)
            with pytest.raises(ValidationError, match="frozen"):
                setattr(example, message.stream_field, "another")

    def test_has_its_schema_committed(self, context: Context) -> None:
        folder = folder_of(context.name) / "schemas"
        stale = [path.name for path in stale_schemas() if path.parent == folder]
        assert not stale, f"run `annals docs schemas`: what is published differs from the models, {stale}"

    def test_reads_the_samples_of_stored_events(self, context: Context) -> None:
        """They stand for what is in the tables, by `<Name>.v<version>.json`."""
        for path in sorted((folder_of(context.name) / "samples").glob("*.json")):
            wire_type = ".".join([context.name, *path.name.split(".")[:2]])
            assert stored_events().read(wire_type, path.read_bytes()), path

    def test_has_a_schema_that_is_json(self, message: type[Message]) -> None:
        assert json.loads(json.dumps(schema_of(message)))["$id"] == message.type
