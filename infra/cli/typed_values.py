"""From text as it was typed to values of the kinds that a command's fields have, after the command's own schema.

A field that takes a text gets the text, whatever it looks like: money and ids stay as they were written, and `null` is
a word. Any other is read as JSON. A list may also be typed without its brackets: items separated by commas, and the
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
    """A value as it was typed: its kind is still to be found out."""


def read(model: type[Command], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, what was typed turned into what the model's fields take. Raises BadParameter, without the value."""
    schema = model.model_json_schema()
    known: Schema = schema["properties"]
    definitions: Schema = schema.get("$defs", {})
    return {
        name: _read(name, value, known[name], definitions) if isinstance(value, Typed) and name in known else value
        for name, value in fields.items()
    }


def typed(command: Command) -> list[str]:
    """What to type on a shell's command line after `annals send` for this command. Only the fields that were given."""
    fields: dict[str, Any] = json.loads(command.to_json())
    written = (f"{name}={_written(value)}" if value is not None else f"{name}:=null" for name, value in fields.items())
    return [f"{command.context}.{command.name}", *(shlex.quote(each) for each in written)]


def _read(name: str, text: str, schema: Schema, definitions: Schema) -> Any:
    possible = list(_alternatives(schema, definitions))
    kinds = {each.get("type") for each in possible}
    if "string" in kinds or None in kinds:
        return str(text)
    for each in possible:
        if each["type"] == "array" and not text.lstrip().startswith("[") and text != "null":
            return _items(name, text, each["items"], definitions)
    try:
        return json.loads(text)
    except ValueError as error:
        if kinds & {"array", "object"}:
            raise typer.BadParameter(f"{name} is not valid JSON: {error}") from error
        return str(text)  # the model says what it wants instead


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
    for each in schema.get("anyOf", ()):
        yield from _alternatives(each, definitions)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, dict) and _is_plain(each) for each in value):
        return ", ".join(" ".join(str(part) for part in each.values()) for each in value)
    return json.dumps(value, ensure_ascii=False)


def _is_plain(item: Mapping[str, Any]) -> bool:
    """Whether its values can be told apart by spaces and commas."""
    return all(not isinstance(part, dict | list) and part is not None and _is_word(str(part)) for part in item.values())


def _is_word(text: str) -> bool:
    return text != "" and not any(letter.isspace() or letter in ",[" for letter in text)
