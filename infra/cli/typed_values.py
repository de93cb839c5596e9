"""Turns typed text into values of the types that a command's fields have, by the command's own schema.

A field of type string gets the text, whatever it looks like: money and ids stay as they were written, and `null` is a
word. Any other is read as JSON. A list may also be typed without its brackets: items separated by commas, and the
fields of an item by spaces, in the order of the schema: `lines=tea 2 4.95, teapot 1 24.50`.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from contracts.message import Command

Schema = Mapping[str, Any]


class Typed(str):
    """A value as it was typed; its type is not determined yet."""


def read(model: type[Command], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, with typed text converted to the types of the model. Raises BadParameter, without the value."""
    schema = model.model_json_schema()
    properties: Schema = schema["properties"]
    definitions: Schema = schema.get("$defs", {})
    return {
        name: _read(name, value, properties[name], definitions)
        if isinstance(value, Typed) and name in properties
        else value
        for name, value in fields.items()
    }


def typed(command: Command) -> list[str]:
    """What to type on a shell's command line after `annals send` for this command. Only the fields that were given."""
    fields: dict[str, Any] = json.loads(command.to_json())
    written = (f"{name}={_written(value)}" if value is not None else f"{name}:=null" for name, value in fields.items())
    return [f"{command.context}.{command.name}", *(shlex.quote(word) for word in written)]


def _read(name: str, text: str, schema: Schema, definitions: Schema) -> Any:
    possible = list(_alternatives(schema, definitions))
    kinds = {alternative.get("type") for alternative in possible}
    if "string" in kinds or None in kinds:
        return str(text)
    for alternative in possible:
        if alternative["type"] == "array" and not text.lstrip().startswith("[") and text != "null":
            return _items(name, text, alternative["items"], definitions)
    try:
        return json.loads(text)
    except ValueError as error:
        if kinds & {"array", "object"}:
            raise typer.BadParameter(f"{name} is not valid JSON: {error}") from error
        return str(text)  # the model's own error says what it requires


def _items(name: str, text: str, schema: Schema, definitions: Schema) -> list[Any]:
    (item,) = _alternatives(schema, definitions)
    pieces = text.split(",") if text.strip() else []
    if item.get("type") != "object":
        return [_read(name, piece.strip(), item, definitions) for piece in pieces]
    return [
        _item(f"{name}: item {number}", piece.split(), item, definitions)
        for number, piece in enumerate(pieces, start=1)
    ]


def _item(place: str, words: Sequence[str], schema: Schema, definitions: Schema) -> dict[str, Any]:
    parts: Schema = schema["properties"]
    fewest = len(schema.get("required", ()))
    if not fewest <= len(words) <= len(parts):
        raise typer.BadParameter(
            f"{place} has {len(words)} words; type {' '.join(parts)}, separated by spaces, with a comma between items, "
            "or give a JSON list"
        )
    return {
        part: _read(f"{place}, {part}", word, parts[part], definitions)
        for part, word in zip(parts, words, strict=False)
    }


def _alternatives(schema: Schema, definitions: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" not in schema:
        yield schema
    for alternative in schema.get("anyOf", ()):
        yield from _alternatives(alternative, definitions)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, dict) and _is_plain(item) for item in value):
        return ", ".join(" ".join(str(part) for part in item.values()) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _is_plain(item: Mapping[str, Any]) -> bool:
    """Whether spaces and commas are enough to separate its values."""
    return all(not isinstance(part, dict | list) and part is not None and _is_word(str(part)) for part in item.values())


def _is_word(text: str) -> bool:
    return text != "" and not any(letter.isspace() or letter in ",[" for letter in text)
