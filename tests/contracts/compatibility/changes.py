"""Changes of shapes, as somebody makes them who edits a model: one thing somewhere is other than before."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.contracts.compatibility.shapes import (
    PATTERNS,
    REQUIRED,
    Choice,
    Listed,
    Named,
    Nullable,
    Number,
    Pair,
    Part,
    Record,
    Shape,
    Tagged,
    Text,
    Whole,
    shapes,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]
_limits = st.none() | st.integers(3, 12)


@st.composite
def changed_parts(draw: Draw, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The fields of a record with a field added, removed or changed."""
    choice = draw(st.sampled_from(["add", "remove", "change", "change", "change"]))
    names = [part.name for part in parts]
    if choice == "add" or not parts:
        name = draw(st.sampled_from([name for name in ("a", "b", "city", "d", "new") if name not in names]))
        return (*parts, Part(name, draw(shapes), draw(st.sampled_from([REQUIRED, None]))))
    index = draw(st.integers(0, len(parts) - 1))
    if choice == "remove":
        return parts[:index] + parts[index + 1 :]
    part = parts[index]
    if draw(st.booleans()):
        part = replace(part, default=draw(st.sampled_from([REQUIRED, None, "a"])))
    else:
        part = replace(part, shape=draw(changed(part.shape)))
    return (*parts[:index], part, *parts[index + 1 :])


@st.composite
def changed(draw: Draw, shape: Shape) -> Any:  # noqa: C901, PLR0912 - one case a shape
    """The shape, or something within it, changed."""
    if draw(st.integers(0, 9)) == 0:
        return draw(shapes)
    if draw(st.integers(0, 4)) == 0:
        return shape.inner if isinstance(shape, Nullable) else Nullable(shape)
    match shape:
        case Text(least, most, pattern):
            return draw(
                st.builds(Text, st.integers(0, 2), st.just(most), st.just(pattern))
                | st.builds(Text, st.just(least), _limits, st.just(pattern))
                | st.builds(Text, st.just(least), st.just(most), st.sampled_from([None, *PATTERNS]))
            )
        case Whole(least, most, below, step):
            return draw(
                st.builds(Whole, st.none() | st.integers(-9, 0), st.just(most), st.just(below), st.just(step))
                | st.builds(Whole, st.just(least), _limits, _limits, st.just(step))
                | st.builds(Whole, st.just(least), st.just(most), st.just(below), st.sampled_from([None, 2, 4]))
                | st.just(Number())
            )
        case Number(least, most):
            return draw(
                st.builds(Number, st.just(least), st.none() | st.sampled_from([3.5, 9.0, 12.0]))
                | st.builds(Number, st.none() | st.sampled_from([-12.0, -9.5, -3.0]), st.just(most))
            )
        case Choice():
            return draw(
                st.builds(Choice, st.lists(st.sampled_from(["a", "b", "cd", 1, 2]), min_size=1, unique=True).map(tuple))
                | st.just(Text())
            )
        case Nullable(inner):
            return Nullable(draw(changed(inner)))
        case Listed(inner, least, most):
            if draw(st.booleans()):
                return draw(st.builds(Listed, st.just(inner), st.integers(0, 2), _limits))
            return Listed(draw(changed(inner)), least, most)
        case Pair(parts):
            index = draw(st.integers(0, len(parts) - 1))
            return draw(
                st.sampled_from([Listed(parts[0]), Pair((*parts, parts[0]))])
                | changed(parts[index]).map(lambda part: Pair((*parts[:index], part, *parts[index + 1 :])))
            )
        case Named(inner):
            return Named(draw(changed(inner)))
        case Record(parts, closed):
            return draw(
                changed_parts(parts).map(lambda changed: Record(changed, closed)) | st.just(Record(parts, not closed))
            )
        case Tagged(options):
            if len(options) > 1 and draw(st.booleans()):
                return Tagged(options[1:])
            tag, record = options[0]
            tags = {tag for tag, _ in options}
            added = next(name for name in ("new", "newer", "newest") if name not in tags)
            inner = draw(changed_parts(record.parts))
            return draw(
                st.just(Tagged(((tag, Record(inner, record.closed)), *options[1:])))
                | st.just(Tagged((*options, (added, record))))
            )
        case _:
            return draw(shapes)
