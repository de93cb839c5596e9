"""The body of a declared command: its fields without the stream's id, which stands in the address.

It is validated as the command is that arrives on Kafka: by the command itself, and from JSON.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from contracts.examples import examples_of
from contracts.message import Command
from workers.gateway.problems import invalid


class BodyOf:
    """Gives a body the schema of a command without the stream's id, in the API document."""

    def __init__(self, model: type[Command]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = dict(handler.resolve_ref_schema(handler(self._model.__pydantic_core_schema__)))
        stream_field = self._model.stream_field
        schema["properties"] = {
            name: {**declared, "writeOnly": True} if name in secrets_of(self._model) else declared
            for name, declared in schema["properties"].items()
            if name != stream_field
        }
        schema["required"] = [name for name in schema.get("required", ()) if name != stream_field]
        if not schema["required"]:
            del schema["required"]
        return schema


def secrets_of(model: type[Command]) -> frozenset[str]:
    """The fields whose values no text may show."""
    return frozenset(name for name, field in model.model_fields.items() if not field.repr)


def body_examples(model: type[Command]) -> list[dict[str, Any]]:
    """The examples of a command as bodies, without secrets. Raises BrokenContext."""
    left_out = {model.stream_field} | secrets_of(model)
    return [
        {name: value for name, value in json.loads(example.to_json()).items() if name not in left_out}
        for example in examples_of(model).values()
    ]


def command_of(model: type[Command], stream_id: Any, body: Mapping[str, Any]) -> Command:
    """The command of a body. Raises pydantic's ValidationError, and Problem when the body names the stream too."""
    if model.stream_field in body:
        message = "stands in the address, and not in the body"
        raise invalid(f"The field {model.stream_field} {message}.", [{"field": model.stream_field, "message": message}])
    return model.model_validate_json(json.dumps({model.stream_field: str(stream_id), **body}))
