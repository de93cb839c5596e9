"""Parking, as projections and sagas share it: what is stored about an event that their code cannot apply. Pure.

An event is tried `ATTEMPTS` times, then its stream is parked: no more of its events are applied until an operator
requests another try (after the code was fixed), or to skip the event. All other streams continue.
"""

import traceback
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from workers.core.recorded import Recorded
from workers.ports.parked import ParkedStream, TooManyParked

ATTEMPTS = 3
MAX_PARKED_STREAMS = 1000
"""The limit for one lane. More parked streams mean that the code is at fault, not the streams; the lane stops."""

Key = TypeVar("Key")


class Raised(NamedTuple):
    """The first event of a stream that the code could not apply, and why; never a value of the event."""

    stream_version: int
    explanation: str


def parked_by(follower: str, recorded: Recorded, error: Exception, attempts: int = ATTEMPTS) -> ParkedStream:
    """The parked stream of the event `recorded`, on which the code of `follower` failed."""
    return ParkedStream(
        follower,
        recorded.stream_id,
        recorded.stream_version,
        recorded.sequence,
        type(recorded.event).type,
        described(error),
        attempts,
        recorded.recorded_at,
    )


def described(error: Exception) -> str:
    """The type of the exception and where it was raised. Not its text, which may contain data of the event."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    frame = frames[-1]
    file = frame.filename.replace("\\", "/")
    return f"{type(error).__name__} in {frame.name}, {'/'.join(file.split('/')[-3:])}:{frame.lineno}"


def tried_again(before: ParkedStream, parked: Sequence[ParkedStream]) -> list[ParkedStream]:
    """The streams that are still parked after another try of `before`. Attempts at the same event add up."""
    return [
        stream._replace(attempts=stream.attempts + before.attempts)
        if stream.stream_version == before.stream_version
        else stream
        for stream in parked
    ]


def within_bounds(follower: str, waiting: Mapping[Key, ParkedStream], parked: Sequence[ParkedStream]) -> None:
    """Check that `parked` may be added to the streams that are parked already. Raises TooManyParked."""
    if len(waiting) + len(parked) > MAX_PARKED_STREAMS:
        raise TooManyParked(follower, MAX_PARKED_STREAMS)
