"""The last closed window of each metric as Prometheus gauges, over the lanes of this process."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.analytics.lane import AnalyticsLane
from workers.analytics.metrics import WINDOW
from workers.core.analytics import Metric, Series
from workers.core.windows import present_of, sum_of, windows_of


def show_windows(metrics: Sequence[Metric], series: Mapping[str, Series], lanes: Sequence[AnalyticsLane]) -> None:
    """Set the gauges. Of a window only numbers are shown, not lists: those could have any number of members."""
    if not lanes:
        WINDOW.clear()
        return
    closed_until = min(lane.closed_until_ms for lane in lanes) // 1000
    panes = sum_of(lane.windows for lane in lanes)
    WINDOW.clear()
    for metric in metrics:
        if metric.show_now is not None:
            shown = present_of(metric, series, panes, closed_until)
        else:
            before = closed_until - metric.window_seconds
            shown = next(iter(windows_of(metric, series, panes, before, closed_until))).values
        for field, value in _numbers(shown):
            WINDOW.labels(metric.name, field).set(value)


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for field, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{field}.")
        elif isinstance(value, int | float | str):  # amounts of money are texts
            yield prefix + field, float(value)
