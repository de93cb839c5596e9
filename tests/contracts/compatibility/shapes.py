"""Shapes of fields as plain values, the pydantic types that they stand for, and strategies for both."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, create_model

REQUIRED = object()
PATTERNS = {"^[a-c]+$": "abc", "^[a-z]+$": "abcdwxyz", "^[0-9]+$": "0123456789"}


@dataclass(frozen=True)
class Text:
    least: int = 0
    most: int | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Whole:
    least: int | None = None
    most: int | None = None
    below: int | None = None
    step: int | None = None


@dataclass(frozen=True)
class Number:
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Plain:
    kind: type


@dataclass(frozen=True)
class Choice:
    values: tuple[str | int, ...]


@dataclass(frozen=True)
class Nullable:
    inner: "Shape"


@dataclass(frozen=True)
class Listed:
    inner: "Shape"
    least: int = 0
    most: int | None = None


@dataclass(frozen=True)
class Pair:
    parts: tuple["Shape", ...]


@dataclass(frozen=True)
class Named:
    """A dictionary."""

    inner: "Shape"


@dataclass(frozen=True)
class Part:
    """A field: its name, shape and default."""

    name: str
    shape: "Shape"
    default: Any = REQUIRED


@dataclass(frozen=True)
class Record:
    parts: tuple[Part, ...]
    closed: bool = True


@dataclass(frozen=True)
class Tagged:
    """A union of records that are told apart by their `kind`."""

    options: tuple[tuple[str, Record], ...]


Shape = Text | Whole | Number | Plain | Choice | Nullable | Listed | Pair | Named | Record | Tagged


def fields(parts: tuple[Part, ...]) -> dict[str, Any]:
    """For pydantic's create_model."""
    return {part.name: (type_of(part.shape), ... if part.default is REQUIRED else part.default) for part in parts}


def type_of(shape: Shape) -> Any:  # noqa: C901 - one case a shape
    """The type of a field of this shape."""
    match shape:
        case Text(least, most, pattern):
            return Annotated[str, StringConstraints(min_length=least or None, max_length=most, pattern=pattern)]
        case Whole(least, most, below, step):
            return Annotated[int, Field(strict=True, ge=least, le=most, lt=below, multiple_of=step)]
        case Number(least, most):
            return Annotated[float, Field(ge=least, le=most)]
        case Plain(kind):
            return kind
        case Choice(values):
            return Literal[values]
        case Nullable(inner):
            return type_of(inner) | None
        case Listed(inner, least, most):
            return Annotated[list[type_of(inner)], Field(min_length=least or None, max_length=most)]  # type: ignore[misc]
        case Pair(parts):
            return tuple[tuple(type_of(part) for part in parts)]  # type: ignore[misc]
        case Named(inner):
            return dict[str, type_of(inner)]  # type: ignore[misc]
        case Record(parts, closed):
            return _model("Inner", parts, closed=closed)
        case Tagged(options):
            models = [
                _model(f"Of_{tag}", (Part("kind", Choice((tag,))), *record.parts), closed=record.closed)
                for tag, record in options
            ]
            union = reduce(or_, models)
            return Annotated[union, Discriminator("kind")] if len(models) > 1 else union


def _model(name: str, parts: tuple[Part, ...], *, closed: bool) -> type[BaseModel]:
    config = ConfigDict(extra="forbid" if closed else "ignore", allow_inf_nan=False)
    return create_model(name, __config__=config, **fields(parts))


def values_of(shape: Shape) -> st.SearchStrategy[Any]:  # noqa: C901 - one case a shape
    """JSON values that fit. An open record has no more fields than it names: that is what is written."""
    match shape:
        case Text(least, most, pattern):
            letters = PATTERNS[pattern] if pattern else "abcxyz059 -"
            return st.text(
                letters, min_size=max(least, 1 if pattern else 0), max_size=least + 6 if most is None else most
            )
        case Whole(least, most, below, step):
            top = min(
                [limit for limit in (most, None if below is None else below - 1) if limit is not None], default=None
            )
            return st.integers(least, top).map(lambda value: _stepped(value, step, least, top))
        case Number(lowest, highest):
            return st.floats(lowest, highest, allow_nan=False, allow_infinity=False) | st.integers(
                -5 if lowest is None else int(lowest) + 1, 5 if highest is None else int(highest) - 1
            )
        case Plain(kind):
            return _PLAIN[kind]
        case Choice(values):
            return st.sampled_from(values)
        case Nullable(inner):
            return st.none() | values_of(inner)
        case Listed(inner, least, most):
            return st.lists(values_of(inner), min_size=least, max_size=least + 3 if most is None else most)
        case Pair(parts):
            return st.tuples(*map(values_of, parts)).map(list)
        case Named(inner):
            return st.dictionaries(st.sampled_from(["a", "b", "city", "c"]), values_of(inner), max_size=3)
        case Record(parts):
            return records(parts)
        case Tagged(options):
            return st.one_of([records((Part("kind", Choice((tag,))), *record.parts)) for tag, record in options])


def records(parts: tuple[Part, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects with these fields; those with a default may be missing."""
    return st.fixed_dictionaries(
        {part.name: values_of(part.shape) for part in parts if part.default is REQUIRED},
        optional={part.name: values_of(part.shape) for part in parts if part.default is not REQUIRED},
    )


def _stepped(value: int, step: int | None, least: int | None, top: int | None) -> int:
    """The nearest multiple within the limits. The limits of drawn shapes leave room for zero."""
    if step is None:
        return value
    stepped = value - value % step
    return stepped if (least is None or stepped >= least) and (top is None or stepped <= top) else 0


_PLAIN: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    str: st.text("abc", max_size=3),
    dt.date: st.dates().map(str),
    UUID: st.uuids().map(str),
    Decimal: st.decimals(-100, 100, places=2).map(str),
    type(None): st.none(),
}

_limits = st.none() | st.integers(3, 9)
plain_shapes: st.SearchStrategy[Shape] = st.one_of(
    st.builds(Text, st.integers(0, 2), _limits, st.sampled_from([None, *PATTERNS])),
    st.builds(Whole, st.none() | st.integers(-9, 0), _limits, _limits, st.sampled_from([None, None, 2, 3, 4])),
    st.builds(Number, st.none() | st.sampled_from([-9.5, -3.0]), st.none() | st.sampled_from([3.5, 9.0])),
    st.builds(Plain, st.sampled_from(list(_PLAIN))),
    st.builds(Choice, st.lists(st.sampled_from(["a", "b", "cd", 1, 2]), min_size=1, unique=True).map(tuple)),
)


def _parts(shapes: st.SearchStrategy[Shape]) -> st.SearchStrategy[tuple[Part, ...]]:
    part = st.builds(Part, st.sampled_from(["a", "b", "city", "d"]), shapes, st.just(REQUIRED) | st.none())
    return st.lists(part, max_size=3, unique_by=lambda part: part.name).map(tuple)


def _records(shapes: st.SearchStrategy[Shape]) -> st.SearchStrategy[Record]:
    return st.builds(Record, _parts(shapes), st.booleans())


def _composed(shapes: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    tags = st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3, unique=True)
    return st.one_of(
        st.builds(Nullable, shapes),
        st.builds(Listed, shapes, st.integers(0, 1), _limits),
        st.builds(Pair, st.lists(shapes, min_size=1, max_size=2).map(tuple)),
        st.builds(Named, shapes),
        _records(shapes),
        tags.flatmap(lambda names: st.tuples(*[st.tuples(st.just(name), _records(shapes)) for name in names])).map(
            Tagged
        ),
    )


shapes: st.SearchStrategy[Shape] = st.recursive(plain_shapes, _composed, max_leaves=4)
parts_of_a_message = _parts(shapes)
