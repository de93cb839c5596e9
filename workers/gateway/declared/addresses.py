"""Keeps the declared addresses out of the way of those that are there already. Pure.

Two addresses meet if one path would fit both. Where a declared one has a parameter and the other a word, as
`/users/users/{user_id}` and `/users/{user_id}/history` have, its parameter does not take that word. Where the other one
has a parameter wherever they differ, it has taken all that the declared one would, which then is left out.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import BaseRoute, Mount, Route

_PARAMETER = re.compile(r"\{([^:}]+)(?::([^}]+))?\}")
_ALL_THE_REST = "path"
ANY_METHOD = "*"


class Address(NamedTuple):
    """A method and the template of a path, by its segments. `open_ended`: further segments may follow."""

    method: str
    segments: tuple[str, ...]
    open_ended: bool = False

    @property
    def path(self) -> str:
        return "/" + "/".join(self.segments)


class FreeAddresses:
    """Gives out addresses that meet none of those that are taken."""

    def __init__(self, taken: Iterable[Address]) -> None:
        self._taken = list(taken)

    def take(self, method: str, path: str, ending: str = "") -> str | None:
        """The path, without its ending, whose parameters take no words of other addresses; None: there is none left."""
        free = unshadowed(address(method, path + ending), self._taken)
        if free is None:
            return None
        self._taken.append(free)
        return free.path.removesuffix(ending)


def address(method: str, path: str) -> Address:
    """The address of a template such as `/users/{user_id}`."""
    segments = tuple(path.removeprefix("/").split("/"))
    last = _PARAMETER.fullmatch(segments[-1])
    return Address(method, segments, open_ended=last is not None and last[2] == _ALL_THE_REST)


def addresses(routes: Iterable[BaseRoute]) -> Iterator[Address]:
    """The addresses of an application's routes."""
    for route in routes:
        if isinstance(route, Mount):
            yield Address(ANY_METHOD, (*route.path.removeprefix("/").split("/"), "{path:path}"), open_ended=True)
        elif isinstance(route, Route):
            yield from (address(method, route.path) for method in route.methods or [ANY_METHOD])


def unshadowed(wanted: Address, others: Iterable[Address]) -> Address | None:
    """The wanted address with parameters that take no words of others; None if another one takes all of it."""
    for other in others:
        if not meet(wanted, other):
            continue
        clashes = [
            number
            for number, (own, its) in enumerate(zip(wanted.segments, other.segments, strict=False))
            if is_parameter(own) and not is_parameter(its)
        ]
        if not clashes:
            return None
        number = clashes[-1]
        segments = list(wanted.segments)
        segments[number] = _without(segments[number], other.segments[number])
        wanted = wanted._replace(segments=tuple(segments))
    return wanted


def meet(wanted: Address, other: Address) -> bool:
    """Whether a request may fit both."""
    if wanted.method != other.method and ANY_METHOD not in {wanted.method, other.method}:
        return False
    shorter, longer = sorted((wanted, other), key=lambda address: len(address.segments))
    if len(shorter.segments) < len(longer.segments) and not shorter.open_ended:
        return False
    return all(_may_be_equal(own, its) for own, its in zip(wanted.segments, other.segments, strict=False))


def is_parameter(segment: str) -> bool:
    return _PARAMETER.fullmatch(segment) is not None


def _may_be_equal(own: str, other: str) -> bool:
    if is_parameter(own) and is_parameter(other):
        return True
    if is_parameter(own):
        return other not in _refused_by(own)
    return own not in _refused_by(other) if is_parameter(other) else own == other


class _OtherThan(Convertor[str]):
    """A segment that is none of some words."""

    def __init__(self, words: frozenset[str]) -> None:
        self.words = words
        # The framework reads it of the object, though it declares it for the class.
        self.regex = rf"(?!(?:{'|'.join(map(re.escape, sorted(words)))})(?:/|$))[^/]+"  # type: ignore[misc]

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


_CONVERTORS: dict[str, _OtherThan] = {}


def _refused_by(parameter: str) -> frozenset[str]:
    match = _PARAMETER.fullmatch(parameter)
    return _CONVERTORS[match[2]].words if match and match[2] in _CONVERTORS else frozenset()


def _without(parameter: str, word: str) -> str:
    """The parameter that does not take this word either."""
    words = _refused_by(parameter) | {word}
    name = "other_than_" + "_".join(sorted(words)).encode().hex()
    if name not in _CONVERTORS:
        _CONVERTORS[name] = _OtherThan(words)
        register_url_convertor(name, _CONVERTORS[name])
    match = _PARAMETER.fullmatch(parameter)
    assert match is not None, "only a parameter refuses words"
    return f"{{{match[1]}:{name}}}"
