"""What the compacted topic `analytics.windows` holds: the windows of each lane, and how far each lane is.

A record's key is `<context>/<series>/<size in seconds>/<start, RFC 3339>` for a window, and `<context>/position` for
how far the lane of its partition is. A window that is kept no longer has a record without value. The windows of all
partitions are added, field by field.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

POSITION = "position"

Seconds = Annotated[int, Field(ge=1)]
Time = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC))]
"""A time that can be counted in seconds since 1970, and written."""


class PublishedWindow(BaseModel):
    """The sums of one window in one lane. `closed`: its time is over, and no event begins in it any more; what belongs
    to it through an earlier event may still come. `build`: when the lane was begun with its first event, in seconds
    since 1970; `sequence` is that of the last event in the window. `hidden_fields`: so many of the smallest sums are
    left out.
    """

    model_config = ConfigDict(frozen=True)

    context: str
    series: str
    size_seconds: Seconds
    start: Time
    partition: int
    build: int
    sequence: int
    closed: bool
    sums: dict[str, int]
    hidden_fields: int = 0


class PublishedPosition(BaseModel):
    """All events of the lane up to `sequence` are in the windows before this record. `time`: the latest of them;
    `code`: the fingerprint of the code that folded them.
    """

    model_config = ConfigDict(frozen=True)

    context: str
    partition: int
    build: int
    sequence: int
    time: Time
    code: str


def window_key(context: str, series: str, size_seconds: int, start_seconds: int) -> str:
    """The key of a window's record."""
    start = datetime.fromtimestamp(start_seconds, UTC).isoformat().replace("+00:00", "Z")
    return f"{context}/{series}/{size_seconds}/{start}"


def position_key(context: str) -> str:
    """The key of a lane's position."""
    return f"{context}/{POSITION}"
