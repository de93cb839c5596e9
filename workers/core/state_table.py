"""The states of a stream as one table: what each command leads to in each of them. A decider looks its answers up
there, and the diagram in the documents is drawn from it.

    TABLE = StateTable(
        unborn="unborn",
        commands=(BookShipment, DeliverShipment),
        rows={
            "unborn":    (ShipmentBooked,           "ShipmentNotFound"),
            "booked":    ("ShipmentAlreadyExists",  ShipmentDelivered),
            "delivered": ("ShipmentAlreadyExists",  "quiet"),
        },
        after={ShipmentBooked: "booked", ShipmentDelivered: "delivered"},
    )
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from contracts.message import Command, Event

Status = TypeVar("Status", bound=str)
Code = TypeVar("Code", bound=str)
QUIET: Literal["quiet"] = "quiet"
"""Nothing changes: what the command asks for is so."""


class IncompleteTable(ValueError):
    """A table of states lacks a part, or has one too many. Correct its declaration."""


@dataclass(frozen=True)
class StateTable(Generic[Status, Code]):
    """`rows` have an answer for each of the `commands`, in their order: the event it leads to, `QUIET`, or the code
    of the rejection. `after` says to which status each event leads; a stream without events is `unborn`. Raises
    IncompleteTable.
    """

    unborn: Status
    commands: Sequence[type[Command]]
    rows: Mapping[Status, Sequence[type[Event] | Literal["quiet"] | Code]]
    after: Mapping[Any, Status]
    cells: Mapping[tuple[Status, type[Command]], type[Event] | Literal["quiet"] | Code] = field(init=False)

    def __post_init__(self) -> None:
        for status, row in self.rows.items():
            if len(row) != len(self.commands):
                raise IncompleteTable(f"{status} has {len(row)} answers to {len(self.commands)} commands")
        events = {answer for row in self.rows.values() for answer in row if not isinstance(answer, str)}
        if events != set(self.after):
            names = sorted(event.name for event in events ^ set(self.after))
            raise IncompleteTable(f"{', '.join(names)} must stand among the answers, and in `after`")
        if {self.unborn, *self.after.values()} != set(self.rows):
            raise IncompleteTable("the rows must be the unborn status, and those that events lead to")
        cells = {
            (status, command): answer
            for status, row in self.rows.items()
            for command, answer in zip(self.commands, row, strict=True)
        }
        object.__setattr__(self, "cells", cells)

    def __getitem__(self, cell: tuple[Status, type[Command]]) -> type[Event] | Literal["quiet"] | Code:
        """What a command leads to in a status. Raises KeyError for a command that the table does not have."""
        return self.cells[cell]

    def diagram(self) -> str:
        """The table as a Mermaid state diagram: an arrow for each cell that holds an event, an end where none leaves.

        Source of the format: https://mermaid.js.org/syntax/stateDiagram.html
        """
        lines, left = ["stateDiagram-v2"], set()
        for (status, command), answer in self.cells.items():
            if not isinstance(answer, str):
                left.add(status)
                source = "[*]" if status == self.unborn else status
                lines.append(f"    {source} --> {self.after[answer]}: {command.__name__} / {answer.__name__}")
        lines += [f"    {status} --> [*]" for status in self.rows if status not in left]
        return "\n".join(lines) + "\n"
