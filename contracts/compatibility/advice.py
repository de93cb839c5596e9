"""What to write instead of a change that breaks somebody, as code."""

from collections.abc import Iterable

from contracts.compatibility.rules import renamed_facts
from contracts.compatibility.variants import Schema
from contracts.message import Command, Event, Message


def declare_anew(model: type[Message], declared: Iterable[type[Message]], before: Schema, now: Schema) -> str:
    """How the next version is declared beside the one that was changed."""
    versions = [other.schema_version for other in declared if (other.context, other.name) == _name(model)]
    newest = max(versions, default=model.schema_version)
    if newest > model.schema_version:
        return (
            f"Version {model.schema_version} stays as it was: put its fields back. What is new belongs to version "
            f"{newest}, or to another one."
        )
    kind = "Event" if issubclass(model, Event) else "Command"
    bases = f"{kind}, {_stream(model)}"
    name, version = model.name, model.schema_version
    text = (
        f"Put the fields back as they were, and declare version {version + 1} beside them, in {model.__module__}:\n\n"
        f'    class {name}V{version}({bases}, name="{name}", version={version}):\n'
        "        …  # the fields as they were\n\n"
        f"    class {name}({bases}, version={version + 1}):\n"
        "        …  # the fields as they are to be\n\n"
    )
    return text + (_upcaster(model, before, now) if kind == "Event" else _decision(model))


def declare_again(type_: str, *, stored: bool) -> str:
    """How a message is declared that is not declared any more. `stored`: it is known to be an event."""
    context, name, version = type_.split(".")
    number = version.removeprefix("v")
    kind = "Event" if stored else "Command or Event"
    module = "events" if stored else "commands or events"
    return (
        f"Declare it again, in the {module} of the context {context}, with the fields of {name}.{version}.json:\n\n"
        f'    class {name}V{number}({kind}, …, name="{name}", version={number}):\n'
        "        …"
    )


def read_what_is_stored(model: str, before: Schema, now: Schema) -> str:
    """What becomes of the state of a saga, which has no version. `model` is where its class stands."""
    renamed = [old for old, _ in renamed_facts(before, now)]
    added = [name for name in now.get("required", ()) if name not in before.get("properties", {})]
    lines = [f"    {name}: …  # as it was, also if nothing reads it any more" for name in renamed]
    lines += [f"    {name}: … = …  # what it means for an instance that has not recorded it" for name in added]
    lines.append("    …  # the other facts as they were; what is new beside them, with a name and a default of its own")
    return (
        "The state has no version: instances that are under way go on from what is stored. So facts keep their names "
        f"and take what they took, and added ones have a default, in {model}:\n\n" + "\n".join(lines) + "\n\n"
        "Then run `annals docs schemas`."
    )


def put_the_saga_back(name: str) -> str:
    """What becomes of the instances of a saga that is not declared any more."""
    context, folder, saga = name.split(".", 2)
    return (
        f"Declare it again, among the sagas of the context {context}, as Saga(name={saga!r}, …). If it shall go, let "
        f'its instances end first (`annals sagas list --open --saga "{saga}"`), and remove {folder}/{saga}.json with '
        "it."
    )


def _upcaster(model: type[Message], before: Schema, now: Schema) -> str:
    module = f"{model.__module__.rpartition('.')[0]}.upcasters"
    added = [name for name in now.get("required", ()) if name not in before.get("properties", {})]
    fields = "".join(f', "{name}": …' for name in added)
    return (
        f"and say how the stored events become the new ones, in {module}:\n\n"
        f"    @upcaster({model.name}V{model.schema_version})\n"
        f"    def {_snake(model.name)}_v{model.schema_version}(fields: Fields) -> Fields:\n"
        f"        return {{**fields{fields}}}\n\n"
        "Then run `annals docs schemas`."
    )


def _decision(model: type[Command] | type[Message]) -> str:
    return (
        f"and let the decider of {model.context} handle both for as long as clients send version "
        f"{model.schema_version}. Then run `annals docs schemas`."
    )


def _stream(model: type[Message]) -> str:
    streams = [base.__name__ for base in model.__bases__ if base not in {Command, Event}]
    return ", ".join(streams) or "…"


def _name(model: type[Message]) -> tuple[str, str]:
    return model.context, model.name


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
