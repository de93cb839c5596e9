"""Calls of the schema's functions by the names of their arguments: values, and rows as a list for each of their fields.

`RowLists("event", EventRow, without=("context",))` is the arguments event_partition, event_sequence and so on.
"""

from collections.abc import Collection, Sequence
from typing import Any

from infra.postgres.lists import listed_values


class RowLists:
    """Rows of one kind as arguments named `<prefix>_<field>`. `fields` are all fields of a row, in their order."""

    def __init__(self, prefix: str, fields: Sequence[str], *, without: Collection[str] = ()) -> None:
        self.prefix = prefix
        sent = [(place, field) for place, field in enumerate(fields) if field not in without]
        self.names = [f"{prefix}_{field}" for _, field in sent]
        self._places = [place for place, _ in sent]

    def of(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """The arguments in the order of `names`. Raises Unstorable."""
        if not rows:
            return [""] * len(self.names)
        columns = list(zip(*rows, strict=True))
        return [listed_values(columns[place]) for place in self._places]


class FunctionCall:
    """A call of one function with arguments of these names."""

    def __init__(self, function: str, names: Sequence[str]) -> None:
        self.function = function
        self.names = names
        arguments = ", ".join(f"{name} => ${number}" for number, name in enumerate(names, start=1))
        self.sql = f"SELECT annals.{function}({arguments})"
