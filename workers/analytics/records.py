"""The records of `analytics.windows` (contracts/analytics.py), of what a lane has folded."""

from datetime import UTC, datetime

from contracts.analytics import PublishedPosition, PublishedWindow, position_key, window_key
from workers.analytics.fold import LaneFold
from workers.core.analytics import Series, Totals, WindowKey
from workers.ports.log import OutboundRecord

HEADERS = (("content-type", b"application/json"),)


def window_record(
    series: Series, partition: int, build: int, fold: LaneFold, key: WindowKey, *, is_closed: bool
) -> OutboundRecord:
    """The record of a window, with the largest sums if there are too many."""
    sums, hidden_fields = shown_sums(series, fold.totals(key))
    window = PublishedWindow(
        context=series.context,
        series=series.name,
        size_seconds=key.size,
        start=datetime.fromtimestamp(key.start, UTC),
        partition=partition,
        build=build,
        sequence=fold.sequence_of(key),
        closed=is_closed,
        sums=sums,
        hidden_fields=hidden_fields,
    )
    return OutboundRecord(_key_of(series.context, key), window.model_dump_json().encode(), HEADERS)


def shown_sums(series: Series, totals: Totals) -> tuple[dict[str, int], int]:
    """The largest of these sums, as many as are published, and the number of those that are left out."""
    shown = sorted(totals.items(), key=lambda sum_: (-sum_[1], sum_[0]))[: series.shown_fields]
    return dict(shown), len(totals) - len(shown)


def removed_window(context: str, key: WindowKey) -> OutboundRecord:
    """The record that a window is kept no longer."""
    return OutboundRecord(_key_of(context, key), None, HEADERS)


def position_record(context: str, partition: int, build: int, fold: LaneFold, code: str) -> OutboundRecord:
    """The record of how far the lane is."""
    position = PublishedPosition(
        context=context,
        partition=partition,
        build=build,
        sequence=fold.position,
        time=datetime.fromtimestamp(fold.time_ms / 1000, UTC),
        code=code,
    )
    return OutboundRecord(position_key(context).encode(), position.model_dump_json().encode(), HEADERS)


def _key_of(context: str, key: WindowKey) -> bytes:
    return window_key(context, key.series, key.size, key.start).encode()
