"""What a metric shows of the windows of its series: tumbling windows, sliding ones, and the present. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from workers.core.analytics import Metric, Series, Span, Totals, WindowKey, added
from workers.core.projection import Document

Panes = Mapping[WindowKey, Totals]
"""The windows of the whole system: those of all lanes, added."""


class Shown(NamedTuple):
    """A window as a metric shows it. `start` and `end` are in seconds since 1970; `end` is not in it."""

    start: int
    end: int
    values: Document


class SizeMissing(Exception):
    """A window, or the step between two of them, is no multiple of the windows that the series have."""

    def __init__(self, metric: str, seconds: int, sizes: Sequence[int]) -> None:
        self.metric, self.seconds, self.sizes = metric, seconds, tuple(sizes)
        super().__init__(
            f"windows of {metric} have a length and a step that are multiples of {_either(sizes)} s, not {seconds} s"
        )


def _either(sizes: Sequence[int]) -> str:
    return " or ".join(map(str, sizes))


def sum_of(lanes: Iterable[Mapping[WindowKey, Totals]]) -> dict[WindowKey, Totals]:
    """The windows of several lanes, added."""
    parts: dict[WindowKey, list[Totals]] = {}
    for lane in lanes:
        for key, totals in lane.items():
            parts.setdefault(key, []).append(totals)
    return {key: totals[0] if len(totals) == 1 else added(totals) for key, totals in parts.items()}


def sizes_of(metric: Metric, series: Mapping[str, Series]) -> list[int]:
    """The lengths of the windows that all of a metric's series have, in seconds, the smallest first."""
    lengths = [{size.seconds for size in series[name].sizes} for name in metric.series]
    return sorted(set.intersection(*lengths))


def windows_of(
    metric: Metric,
    series: Mapping[str, Series],
    panes: Panes,
    start: int,
    end: int,
    *,
    window: int | None = None,
    step: int | None = None,
) -> Iterator[Shown]:
    """The windows of a metric that end in (`start`, `end`], the oldest first, also those in which nothing was.

    `window` seconds long (None: the metric's own), beginning every `step` seconds (None: one after another). They are
    added up from the largest windows of the series that fit. Times in seconds since 1970. Raises SizeMissing.
    """
    length = window or metric.window_seconds
    step = step or length
    sizes = sizes_of(metric, series)
    fitting = [size for size in sizes if length % size == 0 and step % size == 0]
    if not fitting:
        raise SizeMissing(metric.name, length if all(length % size for size in sizes) else step, sizes)
    pane = fitting[-1]
    last = start // step * step + step
    for window_end in range(last, end + 1, step):
        begins = range(window_end - length, window_end, pane)
        keys = [WindowKey(name, pane, begin) for name in metric.series for begin in begins]
        totals = added(panes[key] for key in keys if key in panes)
        yield Shown(window_end - length, window_end, metric.show(totals))


def present_of(metric: Metric, series: Mapping[str, Series], panes: Panes, now: float) -> Document:
    """What a metric of the present shows: small windows of the last hours, and large ones of all the time before."""
    assert metric.show_now is not None, "a metric of the present"
    spans = []
    for name in metric.series:
        small, large = series[name].sizes[0], series[name].sizes[-1]
        border = int(now) // large.seconds * large.seconds - max(small.kept_seconds - 2 * large.seconds, 0)
        for key, totals in panes.items():
            is_recent = key.start >= border
            if key.series == name and key.size == (small if is_recent else large).seconds:
                spans.append(Span(max(now - key.start, 0.0), totals))
    return metric.show_now(spans)
