"""Points in the history of a stream: a version, or a time. Pure. The command line and the gateway both use it."""

import re
from datetime import UTC, datetime

from workers.ports.event_store import EventRow

Point = int | datetime

MAX_POINT_CHARACTERS = 64
MAX_VERSION = 10**18 - 1
"""That a point can name. No stream has so many events."""
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:(?P<seconds>\d{2})(\.\d+)?([Zz]|(?P<sign>[+\- ])\d{2}:\d{2})", re.ASCII
)
_VERSION = re.compile(r"[0-9]{1,18}")


class NoPoint(ValueError):
    """The text is no point. The message does not repeat the text, which may be anything."""

    def __init__(self) -> None:
        super().__init__("neither a version, such as 3, nor a time with its zone, such as 2026-01-31T12:00:00Z")


def point_of(text: str) -> Point:
    """The point that a text stands for; a time is in UTC. Raises NoPoint.

    A leap second counts as the second before it. A space in place of the + of a time zone is accepted: that is how a +
    in a query arrives if it was not percent-encoded.
    """
    if len(text) > MAX_POINT_CHARACTERS:
        raise NoPoint
    if _VERSION.fullmatch(text):
        return int(text)
    match = _TIME.fullmatch(text)
    if match is None:
        raise NoPoint
    if match["sign"] == " ":
        text = f"{text[: match.start('sign')]}+{text[match.end('sign') :]}"
    if match["seconds"] == "60":
        text = f"{text[: match.start('seconds')]}59{text[match.end('seconds') :]}"
    try:
        return _in_utc(datetime.fromisoformat(text.upper()))
    except ValueError as error:
        raise NoPoint from error


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; at the ends of the calendar the nearest one that UTC can represent."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return FIRST if moment.year == 1 else LAST


def is_within(row: EventRow, point: Point) -> bool:
    """Tell whether an event had happened at this point, or before."""
    return row.stream_version <= point if isinstance(point, int) else row.recorded_at <= point
