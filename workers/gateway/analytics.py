"""`GET /analytics/{metric}`: windows by the time of the events, as the analytics workers have published them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from workers.analytics.published import PublishedWindows
from workers.core.analytics import Metric, Series
from workers.core.windows import SizeMissing, present_of, windows_of
from workers.gateway.backend import Backend
from workers.gateway.callers import Asker
from workers.gateway.problems import Problem, described, invalid

USUAL_WINDOWS = 60
MAX_WINDOWS = 2000
MAX_SECONDS = 400 * 24 * 3600
MAX_YEAR = 9000
LATE = timedelta(seconds=60)
"""How much later than its time an event may be seen; until then no window is called closed."""


class Window(BaseModel):
    """One window. What values it has depends on the metric."""

    start: datetime
    end: datetime = Field(description="The first moment that is not in it.")
    closed: bool = Field(description="Whether its time is over, and no event begins in it any more.")
    values: dict[str, Any]


class Windows(BaseModel):
    """A metric. `now` is there for a metric of the present."""

    metric: str
    title: str
    window_seconds: int
    step_seconds: int
    windows: list[Window] = Field(description="The oldest first, also those in which nothing was.")
    now: dict[str, Any] | None = None


Name = Annotated[str, Path(max_length=100, examples=["revenue"])]
Since = Annotated[AwareDatetime | None, Query(alias="from", description=f"Usually the last {USUAL_WINDOWS} windows.")]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="Usually now.")]


def routes(backend: Backend) -> APIRouter:
    """The routes of analytics."""
    router = APIRouter(prefix="/analytics", tags=["analytics"])
    contexts = backend.guard.contexts
    metrics = {
        metric.name: (metric, name) for name, context in contexts.items() for metric in context.analytics.metrics
    }
    series = {series.name: series for context in contexts.values() for series in context.analytics.series}
    # What no size divides is refused with the sizes of the metric, which says more than the schema does.
    multiple = {"multipleOf": gcd(*(size.seconds for declared in series.values() for size in declared.sizes)) or 1}
    length_text = "Seconds that a window is long; usually the metric's own."
    step_text = "Seconds from one window to the next. Less than `window`: they slide."

    @router.get(
        "/{metric}",
        summary="Windows of a metric",
        description=f"The metrics: {', '.join(f'`{name}`' for name in metrics)}.",
        response_model=Windows,
        responses=described(404, 422, 503),
    )
    async def windows(
        metric: Name,
        asker: Asker,
        since: Since = None,
        until: Until = None,
        window: Annotated[
            int | None, Query(ge=1, le=MAX_SECONDS, description=length_text, json_schema_extra=multiple)
        ] = None,
        step: Annotated[
            int | None, Query(ge=1, le=MAX_SECONDS, description=step_text, json_schema_extra=multiple)
        ] = None,
    ) -> Response:
        if metric not in metrics:
            raise Problem(404, "MetricNotFound", f"There is no metric of this name; there are: {', '.join(metrics)}.")
        declared, context = metrics[metric]
        of = sorted({context, *(series[name].context for name in declared.series)})
        backend.guard.require_sums(asker, f"the metric {metric}", of)
        length = window or declared.window_seconds
        asked = _Asked(declared, length, step or length, *_range(since, until, length, step or length))
        document = shown(asked, series, await backend.windows.published(), datetime.now(UTC))
        return Response(orjson.dumps(document), media_type="application/json")

    return router


class _Asked(NamedTuple):
    """A request for windows."""

    metric: Metric
    length: int
    step: int
    since: datetime
    until: datetime


def _range(since: datetime | None, until: datetime | None, length: int, step: int) -> tuple[datetime, datetime]:
    """From when to when. Raises Problem for a time that has no end, or too many windows."""
    last = until or datetime.now(UTC)
    if last.year > MAX_YEAR:
        raise _wrong("to", "is no time that has windows")
    try:
        first = since or last - timedelta(seconds=USUAL_WINDOWS * step)
        if (last - first).total_seconds() / step > MAX_WINDOWS:
            raise _wrong("from", f"there are at most {MAX_WINDOWS} windows in an answer: ask for later ones, or longer")
        if first.timestamp() < length or first > last:
            raise _wrong("from", "must be before `to`, and after 1970")
    except (OverflowError, ValueError):
        raise _wrong("to", "is no time that has windows") from None
    return first, last


def _wrong(name: str, message: str) -> Problem:
    return invalid("These windows cannot be shown; see errors.", [{"field": name, "message": message}])


def shown(asked: _Asked, series: Mapping[str, Series], published: PublishedWindows, now: datetime) -> dict[str, Any]:
    """The answer. Raises Problem if the series have no windows of that length."""
    document: dict[str, Any] = {
        "metric": asked.metric.name,
        "title": asked.metric.title,
        "window_seconds": asked.length,
        "step_seconds": asked.step,
        "windows": list(_windows(asked, series, published, now)),
    }
    if asked.metric.show_now is not None:
        document["now"] = present_of(asked.metric, series, published.panes(), now.timestamp())
    return document


def _windows(
    asked: _Asked, series: Mapping[str, Series], published: PublishedWindows, now: datetime
) -> Iterator[dict[str, Any]]:
    open_spans = [
        (key.start, key.start + key.size) for key in published.open_windows() if key.series in asked.metric.series
    ]
    # The last window is the one in which `until` lies, or that ends with it.
    end = -(-int(asked.until.timestamp()) // asked.step) * asked.step
    try:
        listed = list(
            windows_of(
                asked.metric,
                series,
                published.panes(),
                int(asked.since.timestamp()),
                end,
                window=asked.length,
                step=asked.step,
            )
        )
    except SizeMissing as error:
        raise _wrong("window" if error.seconds == asked.length else "step", str(error)) from None
    closed_until = (now - LATE).timestamp()
    for window in listed:
        is_open = any(start < window.end and end > window.start for start, end in open_spans)
        yield {
            "start": _text(window.start),
            "end": _text(window.end),
            "closed": not is_open and window.end <= closed_until,
            "values": window.values,
        }


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
