"""Limits of numbers, texts, lists and objects: what the writer may reach must be within what the reader takes."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from contracts.compatibility.misfit import NOT_SAID, Misfit
from contracts.compatibility.variants import Variant

# By type, what counts a value's parts; the least and the most of them.
_COUNTS = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


class Bound(NamedTuple):
    """A limit of a number, and whether the limit itself is out of bounds. The keyword is the one that says so."""

    value: Fraction
    excluded: bool
    keyword: str
    said: Any


def limit_misfits(written: Variant, accepted: Variant, place: str) -> Iterator[Misfit]:
    """The limits of the reader that values of the writer may break."""
    if written.type in _COUNTS:
        yield from _counts(written, accepted, place)
    if written.type in {"integer", "number"}:
        yield from _numbers(written, accepted, place)
    yield from _forms(written, accepted, place)
    if written.type == "array" and accepted.demands.get("uniqueItems") and not written.demands.get("uniqueItems"):
        yield Misfit(place, "uniqueItems", False, True)


def _counts(written: Variant, accepted: Variant, place: str) -> Iterator[Misfit]:
    least, most = _COUNTS[written.type]
    sizes = [len(value) for value in written.values or ()]
    reached_least = min(sizes, default=written.demands.get(least, 0))
    if reached_least < accepted.demands.get(least, 0):
        yield Misfit(place, least, reached_least, accepted.demands[least])
    reached_most = max(sizes, default=written.demands.get(most, NOT_SAID))
    if most in accepted.demands and (reached_most is NOT_SAID or reached_most > accepted.demands[most]):
        yield Misfit(place, most, reached_most, accepted.demands[most])


def _numbers(written: Variant, accepted: Variant, place: str) -> Iterator[Misfit]:
    for side in (-1, 1):
        limit = _bound(accepted, side, whole=written.type == "integer")
        if limit is None:
            continue
        reached = _reached(written, side)
        if (
            reached is None
            or reached.value * side > limit.value * side
            or (reached.value == limit.value and limit.excluded and not reached.excluded)
        ):
            yield Misfit(place, limit.keyword, NOT_SAID if reached is None else reached.said, limit.said)
    step = accepted.demands.get("multipleOf")
    if step is not None:
        steps = written.values or ((written.demands["multipleOf"],) if "multipleOf" in written.demands else ())
        if not steps or any(Fraction(str(value)) % Fraction(str(step)) for value in steps):
            yield Misfit(place, "multipleOf", written.demands.get("multipleOf", NOT_SAID), step)


def _reached(written: Variant, side: int) -> Bound | None:
    """The most (with side 1) or the least (-1) that the writer may write; None if there is no limit."""
    if written.values is None:
        return _bound(written, side, whole=written.type == "integer")
    value = max(written.values, key=lambda value: value * side)
    return Bound(Fraction(str(value)), False, "enum", value)


def _bound(of: Variant, side: int, *, whole: bool) -> Bound | None:
    """The narrower one of the two limits that a schema may have on that side."""
    inclusive, exclusive = ("maximum", "exclusiveMaximum") if side > 0 else ("minimum", "exclusiveMinimum")
    bounds = []
    for keyword in (inclusive, exclusive):
        if keyword not in of.demands:
            continue
        value, excluded = Fraction(str(of.demands[keyword])), keyword == exclusive
        if whole:  # below 5, a whole number is at most 4
            nearest = Fraction(floor(value) if side > 0 else ceil(value))
            value, excluded = nearest - side if excluded and nearest == value else nearest, False
        bounds.append(Bound(value, excluded, keyword, of.demands[keyword]))
    return min(bounds, key=lambda bound: (bound.value * side, not bound.excluded), default=None)


def _forms(written: Variant, accepted: Variant, place: str) -> Iterator[Misfit]:
    """Patterns and formats: only the very same one is certain to take what it took."""
    for keyword in ("pattern", "format"):
        demanded = accepted.demands.get(keyword, NOT_SAID)
        given = written.demands.get(keyword, NOT_SAID)
        if demanded is not NOT_SAID and demanded != given:
            certain = given is NOT_SAID and written.values is None
            yield Misfit(place, keyword, given, demanded, certain)
