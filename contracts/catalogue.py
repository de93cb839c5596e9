"""Finds every message of every context that is installed (installed.py), whether or not this process serves it.

Nothing is registered by hand: the catalogue lists the message classes that are written in the `commands` and `events`
modules of a published language, by wire type, and the upcasters of its `upcasters` module.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from contracts.installed import MESSAGE_MODULES, BrokenContext, Declaration, languages, modules_of
from contracts.message import Command, Event, Message, MisdeclaredMessage
from contracts.stored_events import StoredEvents
from contracts.upcasting import NO_UPCASTERS, Upcaster, Upcasters, upcasters_of

UPCASTER_MODULES = ("upcasters",)


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
    """The catalogue of this installation. Raises MisdeclaredMessage and BrokenContext."""
    upcasters = [upcaster for language in languages().values() for upcaster in _upcasters_of(language)]
    return catalogue_of({context: messages_of(language) for context, language in languages().items()}, upcasters)


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


def messages_of(language: Declaration) -> list[type[Message]]:
    """The messages of a published language. Raises BrokenContext when there are none, or one of another context."""
    messages: list[type[Message]] = [
        value
        for module in modules_of(language, MESSAGE_MODULES)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Command | Event) and value.__module__ == module.__name__
    ]
    if not messages:
        raise BrokenContext(language, f"no class in {language.value}.commands or .events is a Command or an Event")
    for model in messages:
        if model.context != language.name:
            what = f"{model.__module__}.{model.__qualname__} declares the context {model.context}"
            raise BrokenContext(language, f"{what}, and not {language.name}")
    return messages


def _upcasters_of(language: Declaration) -> list[Upcaster]:
    modules = modules_of(language, UPCASTER_MODULES)
    upcasters = [value for module in modules for value in vars(module).values() if isinstance(value, Upcaster)]
    for upcaster in upcasters:
        if upcaster.model.context != language.name:
            what = f"{language.value}.upcasters has an upcaster of {upcaster.model.type}"
            raise BrokenContext(language, f"{what}: that is for the context {upcaster.model.context} to say")
    return upcasters
