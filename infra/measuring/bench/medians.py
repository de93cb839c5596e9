"""Medians and ratios of results: named tuples and dictionaries of numbers, however deep."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


def median_of(results: Sequence[Result]) -> Result:
    """A result of the same shape whose every number is the median of that number over all results."""
    answer: Result = _median(results)
    return answer


def _median(results: Sequence[Any]) -> Any:
    first = results[0]
    if hasattr(first, "_fields"):
        return type(first)(*[_median(values) for values in zip(*results, strict=True)])
    if isinstance(first, Mapping):
        return {name: _median([result[name] for result in results]) for name in first}
    return statistics.median(results) if isinstance(first, int | float) else first


def plain(result: Any) -> Any:
    """A result as JSON can have it, with four digits after the point at most."""
    if hasattr(result, "_asdict"):
        return plain(result._asdict())
    if isinstance(result, Mapping):
        return {name: plain(part) for name, part in result.items()}
    if isinstance(result, list | tuple):
        return [plain(part) for part in result]
    return round(result, 4) if isinstance(result, float) else result


class Ratio(NamedTuple):
    """A figure of two results, and how many times the second the first is."""

    first: float
    second: float
    ratio: float


def ratios(result: Any, other: Any) -> dict[str, Ratio]:
    """For each number that both results have and that is not 0 in `other`, by its place, as in
    `commands.creates.per_second`.
    """
    others = dict(numbers(other))
    return {
        place: Ratio(number, others[place], number / others[place])
        for place, number in numbers(result)
        if others.get(place)
    }


def numbers(result: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a result that can be compared, with its place. A result that has others as well says in
    `compared()` which those are.
    """
    if hasattr(result, "compared"):
        yield from numbers(result.compared(), place)
    elif hasattr(result, "_asdict"):
        yield from numbers(result._asdict(), place)
    elif isinstance(result, Mapping):
        for name, part in result.items():
            yield from numbers(part, f"{place}.{name}" if place else str(name))
    elif isinstance(result, int | float) and not isinstance(result, bool):
        yield place, result
