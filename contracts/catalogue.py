"""Finds every message: each folder under `contracts/` with a `commands` or `events` module is a context.

Nothing is registered by hand: the catalogue lists the message classes that are written in those modules, by wire type,
and the upcasters of each folder's `upcasters` module.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from contracts.message import Command, Event, Message, MisdeclaredMessage
from contracts.stored_events import StoredEvents
from contracts.upcasting import NO_UPCASTERS, Upcaster, Upcasters, upcasters_of

MESSAGE_MODULES = ("commands", "events")
UPCASTER_MODULE = "upcasters"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All messages by wire type (`users.CreateUser.v1`), in the order of their contexts and names: retired events too,
    which are read and no longer emitted.
    """

    contexts: tuple[str, ...]
    commands: Mapping[str, type[Command]]
    events: Mapping[str, type[Event]]
    upcasters: Upcasters = NO_UPCASTERS

    @property
    def retired(self) -> Mapping[str, type[Event]]:
        """The events that have an upcaster."""
        return {type_: model for type_, model in self.events.items() if type_ in self.upcasters.by_type}

    @property
    def present(self) -> Mapping[str, type[Event]]:
        """The events that are emitted."""
        return {type_: model for type_, model in self.events.items() if type_ not in self.upcasters.by_type}

    @property
    def types(self) -> frozenset[str]:
        """The wire types of all messages."""
        return frozenset({*self.commands, *self.events})

    def stored_events(self) -> StoredEvents:
        """What reads all these events."""
        return StoredEvents(self.events, self.upcasters)

    def command_named(self, name: str) -> type[Command] | None:
        """The newest version of the command called `users.CreateUser`, or the very one called `users.CreateUser.v1`."""
        if name in self.commands:
            return self.commands[name]
        versions = [model for model in self.commands.values() if f"{model.context}.{model.name}" == name]
        return max(versions, key=lambda model: model.schema_version, default=None)


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation. Raises MisdeclaredMessage."""
    folders = [module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg]
    upcasters = [upcaster for folder in folders for upcaster in _upcasters_in(folder)]
    return catalogue_of({folder: list(_messages_in(folder)) for folder in folders}, upcasters)


@cache
def stored_events() -> StoredEvents:
    """What reads the events of this installation. Raises MisdeclaredMessage."""
    return catalogue().stored_events()


def catalogue_of(messages: Mapping[str, Iterable[type[Message]]], upcasters: Iterable[Upcaster] = ()) -> Catalogue:
    """The catalogue of the messages of each folder. Folders without messages are no contexts.

    Raises MisdeclaredMessage for a message whose context is not its folder, for two messages of one wire type, for
    upcasters that lack or contradict one another, and for a command that is to be sent instead and is not declared.
    """
    models: dict[str, type[Message]] = {}
    for folder, folder_messages in messages.items():
        for model in folder_messages:
            if model.context != folder:
                raise MisdeclaredMessage(
                    model, f"declares the context {model.context}, but stands in the folder of the context {folder}"
                )
            other = models.setdefault(model.type, model)
            if other is not model:
                raise MisdeclaredMessage(
                    model, f"has the wire type {model.type}, which {other.__module__}.{other.__qualname__} has already"
                )
    commands = {type_: model for type_, model in models.items() if issubclass(model, Command)}
    events = {type_: model for type_, model in models.items() if issubclass(model, Event)}
    for model in commands.values():
        instead = None if model.deprecation is None else model.deprecation.use
        if instead is not None and (instead not in commands or instead == model.type):
            raise MisdeclaredMessage(model, f"is deprecated in favour of {instead}, which is no other declared command")
    return Catalogue(
        tuple(sorted({model.context for model in models.values()})),
        commands,
        events,
        upcasters_of(events, upcasters),
    )


def _messages_in(folder: str) -> Iterator[type[Message]]:
    for module in iter_modules([str(Path(__file__).parent / folder)]):
        if module.name not in MESSAGE_MODULES:
            continue
        qualified = f"contracts.{folder}.{module.name}"
        for value in vars(import_module(qualified)).values():
            if isinstance(value, type) and issubclass(value, Command | Event) and value.__module__ == qualified:
                yield value


def _upcasters_in(folder: str) -> Iterator[Upcaster]:
    for module in iter_modules([str(Path(__file__).parent / folder)]):
        if module.name == UPCASTER_MODULE:
            values = vars(import_module(f"contracts.{folder}.{module.name}")).values()
            yield from (value for value in values if isinstance(value, Upcaster))
