"""Finds every message there is: each folder under `contracts/` with a `commands` or `events` module is a context.

Nothing is registered by hand: a model that stands in one of those modules is known by its wire type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from contracts.message import Command, Event, Message


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All messages by wire type (`users.CreateUser.v1`), in the order of their contexts and names."""

    contexts: tuple[str, ...]
    commands: Mapping[str, type[Command]]
    events: Mapping[str, type[Event]]

    def command_named(self, name: str) -> type[Command] | None:
        """The newest version of the command called `users.CreateUser`, or the very one called `users.CreateUser.v1`."""
        if name in self.commands:
            return self.commands[name]
        versions = [model for model in self.commands.values() if f"{model.context}.{model.name}" == name]
        return max(versions, key=lambda model: model.schema_version, default=None)


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation."""
    commands: dict[str, type[Command]] = {}
    events: dict[str, type[Event]] = {}
    contexts: list[str] = []
    for folder in iter_modules([str(Path(__file__).parent)]):
        if not folder.ispkg:
            continue
        found = list(_messages_of(folder.name))
        if found:
            contexts.append(folder.name)
        for model in found:
            if issubclass(model, Command):
                commands[model.type] = model
            elif issubclass(model, Event):
                events[model.type] = model
    return Catalogue(tuple(sorted(contexts)), commands, events)


def _messages_of(context: str) -> Iterator[type[Message]]:
    for found in iter_modules([str(Path(__file__).parent / context)]):
        if found.name not in ("commands", "events"):
            continue
        qualified = f"contracts.{context}.{found.name}"
        for value in vars(import_module(qualified)).values():
            if isinstance(value, type) and issubclass(value, Message) and value.__module__ == qualified:
                yield value
