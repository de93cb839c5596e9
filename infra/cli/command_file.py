"""Commands as `annals send` is told of them: one by its name and fields, or many by a file of JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer


class Order(NamedTuple):
    """A command as it was asked for; `place` says where, for an error."""

    name: str
    fields: dict[str, Any]
    command_id: str | None
    place: str = ""


def orders_in(file: Path, name: str | None) -> Iterator[Order]:
    """The commands in a file. A line has the fields of the command `name`, or without one `{"type", "data", "id"?}`.

    Raises BadParameter that says which line is wrong.
    """
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _order(line, name, f"line {number} of {file}: ")


def _order(line: str, name: str | None, place: str) -> Order:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise typer.BadParameter(f"{place}not JSON: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{place}not a JSON object")
    if name is not None:
        return Order(name, found, None, place)
    type_, data, identity = found.get("type"), found.get("data"), found.get("id")
    if not isinstance(type_, str) or not isinstance(data, dict) or not isinstance(identity, str | None):
        raise typer.BadParameter(f'{place}must be {{"type": …, "data": {{…}}, "id"?: …}}, unless a command is named')
    return Order(type_, data, identity, place)
