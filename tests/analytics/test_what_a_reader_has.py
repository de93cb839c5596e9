"""A reader of the topic has what the newest records say, however often it was asked before."""

from datetime import UTC, datetime

from contracts.analytics import PublishedWindow
from workers.analytics.published import PublishedWindows
from workers.core.analytics import WindowKey

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = WindowKey("revenue", 3600, int(NOON.timestamp()))


def window(cents: int, partition: int = 0) -> bytes:
    published = PublishedWindow(
        context="payments",
        series="revenue",
        size_seconds=3600,
        start=NOON,
        partition=partition,
        build=1,
        sequence=cents,
        closed=False,
        sums={"EUR": cents},
    )
    return published.model_dump_json().encode()


def test_a_later_record_replaces_an_earlier_one_that_was_shown() -> None:
    windows = PublishedWindows()
    windows.apply(0, b"key", window(100))
    assert windows.panes() == {HOUR: {"EUR": 100}}
    windows.apply(0, b"key", window(300))
    assert windows.panes() == {HOUR: {"EUR": 300}}
    windows.apply(0, b"key", None)
    assert windows.panes() == {}


def test_the_lanes_are_added() -> None:
    windows = PublishedWindows()
    for partition in range(3):
        windows.apply(partition, b"key", window(100, partition))
    assert windows.panes() == {HOUR: {"EUR": 300}}
