"""Finds every message of every context that is installed (installed.py), whether or not this process serves it.

Nothing is registered by hand: the catalogue lists the message classes that are written in the `commands` and `events`
modules of a published language, by wire type.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from contracts.installed import BrokenContext, Declaration, languages, message_modules
from contracts.message import Command, Event, Message, MisdeclaredMessage


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
    """The catalogue of this installation. Raises MisdeclaredMessage and BrokenContext."""
    return catalogue_of({context: messages_of(language) for context, language in languages().items()})


def catalogue_of(messages: Mapping[str, Iterable[type[Message]]]) -> Catalogue:
    """The catalogue of the messages of each folder. Folders without messages are no contexts.

    Raises MisdeclaredMessage for a message whose context is not its folder, and for two messages of one wire type.
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
    return Catalogue(
        tuple(sorted({model.context for model in models.values()})),
        {type_: model for type_, model in models.items() if issubclass(model, Command)},
        {type_: model for type_, model in models.items() if issubclass(model, Event)},
    )


def messages_of(language: Declaration) -> list[type[Message]]:
    """The messages of a published language. Raises BrokenContext when there are none, or one of another context."""
    messages: list[type[Message]] = [
        value
        for module in message_modules(language)
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
