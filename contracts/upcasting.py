"""Upcasters: how the fields of an older version of an event become those of the present one. Pure functions.

They stand in `contracts/<context>/upcasters.py`, one for each retired event:

    @upcaster(UserCreatedV1)
    def with_a_locale(fields: Fields) -> Fields:
        return {**fields, "locale": "und"}

From version to version they are chained. An event that became another, or several, says which; the parts keep the
sequence of the event that they come from:

    @upcaster(UserMovedV1, into=(AddressChanged, RegionChanged))
    def split(fields: Fields) -> Sequence[Part]:
        return [Part(AddressChanged, {…}), Part(RegionChanged, {…})]

An event with an upcaster is retired: it is read for ever, and no longer emitted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

from contracts.message import Event, MisdeclaredMessage

Fields = dict[str, Any]
"""An event's fields as JSON has them: texts, numbers, true, false, null, lists and dictionaries."""


class Part(NamedTuple):
    """One of the events that a retired event became, with its fields."""

    model: type[Event]
    fields: Fields


Upcast = Callable[[Fields], Fields]
Split = Callable[[Fields], Sequence[Part]]


@dataclass(frozen=True, slots=True)
class Upcaster:
    """Turns the fields of the retired event `model` into those of its next version, or, with `into`, into parts of
    these events. Call it as the function that it was made of.
    """

    model: type[Event]
    function: Callable[[Fields], Any]
    into: tuple[type[Event], ...] = ()

    def __call__(self, fields: Fields) -> Any:
        return self.function(fields)


@overload
def upcaster(model: type[Event]) -> Callable[[Upcast], Upcaster]: ...


@overload
def upcaster(model: type[Event], *, into: tuple[type[Event], ...]) -> Callable[[Split], Upcaster]: ...


def upcaster(model: type[Event], *, into: tuple[type[Event], ...] = ()) -> Callable[[Any], Upcaster]:
    """Declare the decorated function to be the upcaster of `model`."""
    return lambda function: Upcaster(model, function, into)


@dataclass(frozen=True, slots=True)
class Upcasters:
    """The upcasters of some events by wire type, and of each what it leads to: its next version, or its parts."""

    by_type: Mapping[str, Upcaster]
    next_models: Mapping[str, tuple[type[Event], ...]]


NO_UPCASTERS = Upcasters({}, {})


def upcasters_of(events: Mapping[str, type[Event]], declarations: Iterable[Upcaster]) -> Upcasters:
    """The upcasters of these events by wire type.

    Raises MisdeclaredMessage for an event that is not the newest of its name and has no upcaster, for one with two, for
    an upcaster of or into events that are not among these, and for upcasters that lead back to where they began.
    """
    by_type: dict[str, Upcaster] = {}
    next_models: dict[str, tuple[type[Event], ...]] = {}
    for declaration in declarations:
        model = declaration.model
        if model.type in by_type:
            raise MisdeclaredMessage(model, f"has two upcasters, {_name(by_type[model.type])} and {_name(declaration)}")
        by_type[model.type] = declaration
        next_models[model.type] = declaration.into or (_next_version(events, declaration),)
        for target in (model, *next_models[model.type]):
            if events.get(target.type) is not target or target.context != model.context:
                raise MisdeclaredMessage(
                    target, f"is no event of the context {model.context}, but {_name(declaration)} names it"
                )
    for model in events.values():
        if model.type not in by_type and (newer := _newer(events, model)) is not None:
            raise MisdeclaredMessage(
                model,
                f"is older than {newer.type} and has no upcaster: write one in contracts/{model.context}/upcasters.py, "
                f"decorated with @upcaster({model.__name__})",
            )
    _refuse_circles(events, next_models)
    return Upcasters(by_type, next_models)


def _newer(events: Mapping[str, type[Event]], model: type[Event]) -> type[Event] | None:
    newer = [other for other in _versions(events, model) if other.schema_version > model.schema_version]
    return min(newer, key=lambda other: other.schema_version, default=None)


def _versions(events: Mapping[str, type[Event]], model: type[Event]) -> list[type[Event]]:
    return [other for other in events.values() if (other.context, other.name) == (model.context, model.name)]


def _next_version(events: Mapping[str, type[Event]], of: Upcaster) -> type[Event]:
    newer = _newer(events, of.model)
    if newer is None:
        raise MisdeclaredMessage(
            of.model, f"is the newest version of its name, so {_name(of)} must say what it leads to: into=(…,)"
        )
    return newer


def _refuse_circles(events: Mapping[str, type[Event]], next_models: Mapping[str, tuple[type[Event], ...]]) -> None:
    settled: set[str] = set()

    def follow(type_: str, path: tuple[str, ...]) -> None:
        if type_ in path:
            raise MisdeclaredMessage(events[type_], f"comes back to itself by upcasters: {' → '.join((*path, type_))}")
        if type_ in settled:
            return
        for model in next_models.get(type_, ()):
            follow(model.type, (*path, type_))
        settled.add(type_)

    for type_ in next_models:
        follow(type_, ())


def _name(of: Upcaster) -> str:
    return f"{of.function.__module__}.{of.function.__qualname__}"
