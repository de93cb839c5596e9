"""A point is a version or a time; a stream's past is read up to there, page by page, and no further."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from tests.history.rows import after, event
from workers.history import reading
from workers.history.points import FIRST, LAST, NoPoint, Point, point_of
from workers.history.reading import BeganLater, NoSuchStream, TooLong, VersionNotReached, events_until
from workers.ports.event_store import EventRow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("0", 0),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31 14:00:00.25+02:00", datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-01-31T14:00:00 02:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", FIRST),
        ("9999-12-31T23:59:59-23:59", LAST),
        ("2026-01-31T12:00:00." + "0" * 43 + "Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_text_names_a_point(text: str, expected: Point) -> None:
    point = point_of(text)
    assert point == expected
    assert isinstance(point, int) or point.tzinfo is UTC


def test_a_text_that_is_too_long_names_none() -> None:
    with pytest.raises(NoPoint):
        point_of("2026-01-31T12:00:00." + "0" * 44 + "Z")


@pytest.mark.parametrize(
    "text", ["", "noon", "-1", "1.5", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "1" * 19, "٣"]
)
def test_what_names_no_point_is_refused_with_examples(text: str) -> None:
    with pytest.raises(NoPoint, match="such as 3, nor a time"):
        point_of(text)


class Stream:
    """A stream of `length` events, one a second, that notes how often it was read."""

    def __init__(self, length: int) -> None:
        self.pages = 0
        self._rows = [
            event(f"e-{version}", version, "c")._replace(stream_version=version) for version in range(1, length + 1)
        ]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        assert (context, stream_id) == ("orders", "s")
        self.pages += 1
        return self._rows[version : version + limit]


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_EVENTS", 10)


async def _versions(stream: Stream, point: Point | None, most: int | None = None) -> list[int]:
    return [row.stream_version for row in await events_until(stream, "orders", "s", point, most)]


@pytest.mark.parametrize(
    ("point", "last", "pages"),
    [(None, 25, 3), (1, 1, 1), (7, 7, 1), (10, 10, 2), (25, 25, 3), (after(12.5), 12, 2), (after(12), 12, 2)],
)
async def test_what_had_happened_by_then_is_read_and_no_page_more(point: Point | None, last: int, pages: int) -> None:
    stream = Stream(25)
    assert await _versions(stream, point) == list(range(1, last + 1))
    assert stream.pages == pages


async def test_a_time_after_the_last_event_shows_all() -> None:
    assert await _versions(Stream(3), after(1000)) == [1, 2, 3]


async def test_what_never_was_is_said_to_be_so_and_why() -> None:
    with pytest.raises(NoSuchStream, match="There is no stream orders/s"):
        await _versions(Stream(0), None)
    with pytest.raises(NoSuchStream):
        await _versions(Stream(0), 3)
    with pytest.raises(VersionNotReached, match="orders/s has the versions 1 to 12, not 13") as beyond:
        await _versions(Stream(12), 13)
    assert (beyond.value.version, beyond.value.last) == (13, 12)
    with pytest.raises(VersionNotReached, match="orders/s has versions that begin with 1, not 0"):
        await _versions(Stream(12), 0)
    with pytest.raises(BeganLater, match="orders/s began later, at 2026-05-04T12:00:01") as early:
        await _versions(Stream(12), after(0))
    assert early.value.began_at == after(1)


async def test_a_reader_with_a_limit_reads_not_much_more_than_that() -> None:
    stream = Stream(100)
    with pytest.raises(TooLong, match="orders/s has more than 15") as long:
        await _versions(stream, None, most=15)
    assert long.value.most == 15
    assert stream.pages == 2
    assert await _versions(Stream(15), None, most=15) == list(range(1, 16))


async def test_a_clock_that_was_put_back_makes_no_hole_in_what_is_shown() -> None:
    stream = Stream(4)
    stream._rows[2] = stream._rows[2]._replace(recorded_at=after(100))
    assert await _versions(stream, after(50)) == [1, 2]
