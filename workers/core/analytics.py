"""Analytics: sums over windows of event time, folded from the events of one context, and the metrics made of them.

Every sum is a whole number that additions add to, in whatever order: so the windows of several lanes are added to those
of the whole system, and small windows to large and to sliding ones (panes: Li et al., "No Pane, No Gain", SIGMOD Record
34/1, 2005). Windows begin at multiples of their size since 1970 in UTC; no change of clocks moves them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from contracts.message import Event
from workers.core.projection import Document
from workers.core.recorded import Recorded


class WindowSize(NamedTuple):
    """How long the windows of a series are, and how long they are kept after their end."""

    seconds: int
    kept_seconds: int


MINUTES = WindowSize(60, 24 * 3600)
HOURS = WindowSize(3600, 60 * 24 * 3600)


class WindowKey(NamedTuple):
    """A window of a series. `size` is in seconds, `start` in seconds since 1970."""

    series: str
    size: int
    start: int


Totals = Mapping[str, int]
"""The sums of one window by field."""


class Addition(NamedTuple):
    """`amount` is added to `field` of the window in which `at_ms` lies (milliseconds since 1970)."""

    at_ms: int
    field: str
    amount: int = 1


class Measured(NamedTuple):
    """What an event adds, and what is to be remembered of its stream from now on: a value of JSON, or None."""

    additions: Sequence[Addition] = ()
    memory: Any = None


def unsettled_never(_: Totals) -> bool:
    """No window is kept beyond its time."""
    return False


@dataclass(frozen=True, slots=True)
class Series:
    """A series of windows, folded from the events in `reacts_to` of one context.

    `measure(memory or None, recorded, at_ms)` says what an event adds that was recorded then; the memory is of the
    event's stream. `is_unsettled`: a window for whose totals it is true is kept beyond its time, as later events may
    still belong to it. Of a window with more than `shown_fields` fields those with the largest sums are published.
    """

    name: str
    context: str
    sizes: tuple[WindowSize, ...]
    reacts_to: frozenset[type[Event]]
    measure: Callable[[Any, Recorded, int], Measured]
    is_unsettled: Callable[[Totals], bool] = unsettled_never
    shown_fields: int = 1000


class Span(NamedTuple):
    """The totals of the windows that begin so many seconds before now."""

    age_seconds: float
    totals: Totals


@dataclass(frozen=True, slots=True)
class Metric:
    """What is asked for by a name. Its windows are those of all its series together, `window_seconds` long unless
    another length is asked for.

    `show(totals)` is what one window is shown as. `show_now(spans)`, for a metric of the present: what all windows
    together are shown as, by their age. `plotted` is the field of a shown window that
    a chart is drawn of; empty: all numbers of the window.
    """

    name: str
    title: str
    series: tuple[str, ...]
    window_seconds: int
    show: Callable[[Totals], Document]
    show_now: Callable[[Sequence[Span]], Document] | None = None
    plotted: str = ""


@dataclass(frozen=True, slots=True)
class Analytics:
    """The series and metrics of a context. A metric may be made of series of other contexts, too."""

    series: tuple[Series, ...] = ()
    metrics: tuple[Metric, ...] = ()


NO_ANALYTICS = Analytics()


def added(totals: Iterable[Totals]) -> dict[str, int]:
    """The sums of all of these by field."""
    sums: dict[str, int] = {}
    for window in totals:
        for field, amount in window.items():
            sums[field] = sums.get(field, 0) + amount
    return sums
