"""The commands of `annals send`: one from its name and fields, or many from a file of JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer


class RequestedCommand(NamedTuple):
    """A command as the user gave it; `place` says where, for an error message."""

    name: str
    fields: dict[str, Any]
    command_id: str | None
    place: str = ""


def commands_in(file: Path, name: str | None) -> Iterator[RequestedCommand]:
    """The commands in a file. A line has the fields of the command `name`, or without one `{"type", "data", "id"?}`.

    Raises BadParameter that says which line is wrong.
    """
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _requested(line, name, f"line {number} of {file}: ")


def _requested(line: str, name: str | None, place: str) -> RequestedCommand:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise typer.BadParameter(f"{place}not JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{place}not a JSON object")
    if name is not None:
        return RequestedCommand(name, value, None, place)
    type_, data, identity = value.get("type"), value.get("data"), value.get("id")
    if not isinstance(type_, str) or not isinstance(data, dict) or not isinstance(identity, str | None):
        raise typer.BadParameter(f'{place}must be {{"type": …, "data": {{…}}, "id"?: …}}, unless a command is named')
    return RequestedCommand(type_, data, identity, place)
