"""Points in a stream's life: a version, or a time. Pure; the command line and the gateway read them alike."""

import re
from datetime import UTC, datetime

from workers.ports.event_store import EventRow

Point = int | datetime

MAX_POINT_CHARACTERS = 64
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:(?P<seconds>\d{2})(\.\d+)?([Zz]|(?P<sign>[+\- ])\d{2}:\d{2})", re.ASCII
)
_VERSION = re.compile(r"[0-9]{1,18}")


class NoPoint(ValueError):
    """A text that names no point. The value is not repeated: it may be anything."""

    def __init__(self) -> None:
        super().__init__("neither a version, such as 3, nor a time with its zone, such as 2026-01-31T12:00:00Z")


def point_of(text: str) -> Point:
    """The point that a text names, a time in UTC. Raises NoPoint.

    A leap second counts as the one before it. A zone's + that came as a space, as it does in a query that was not
    encoded, is taken for what it was.
    """
    if len(text) > MAX_POINT_CHARACTERS:
        raise NoPoint
    if _VERSION.fullmatch(text):
        return int(text)
    found = _TIME.fullmatch(text)
    if found is None:
        raise NoPoint
    if found["sign"] == " ":
        text = f"{text[: found.start('sign')]}+{text[found.end('sign') :]}"
    if found["seconds"] == "60":
        text = f"{text[: found.start('seconds')]}59{text[found.end('seconds') :]}"
    try:
        return _in_utc(datetime.fromisoformat(text.upper()))
    except ValueError as error:
        raise NoPoint from error


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; at the ends of the calendar the nearest that UTC can say."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return FIRST if moment.year == 1 else LAST


def is_within(row: EventRow, point: Point) -> bool:
    """Whether an event had happened by then. `point` itself counts."""
    return row.stream_version <= point if isinstance(point, int) else row.recorded_at <= point
