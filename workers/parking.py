"""Parking, as projections and sagas have it in common: what is noted of an event that their code cannot take. Pure.

An event is tried `ATTEMPTS` times, then its stream is parked: nothing more of it is applied until an operator asks for
another try (after the code is mended) or to pass over the event. Every other stream goes on.
"""

import traceback
from collections.abc import Mapping, Sequence
from typing import TypeVar

from workers.core.recorded import Recorded
from workers.ports.parked import ParkedStream, TooManyParked

ATTEMPTS = 3
MAX_PARKED_STREAMS = 1000
"""In one lane; more mean that the code is at fault, not the streams, and the lane stops."""

Key = TypeVar("Key")


def parked_by(follower: str, recorded: Recorded, error: Exception, attempts: int = ATTEMPTS) -> ParkedStream:
    """What is noted when `recorded` could not be taken."""
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
    """The kind of the failure and where it was raised. Not its text: that may hold what the event held."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    place = frames[-1]
    file = place.filename.replace("\\", "/")
    return f"{type(error).__name__} in {place.name}, {'/'.join(file.split('/')[-3:])}:{place.lineno}"


def tried_again(before: ParkedStream, parked: Sequence[ParkedStream]) -> list[ParkedStream]:
    """What waits after another try of `before`: its attempts add up as long as it is the same event."""
    return [
        each._replace(attempts=each.attempts + before.attempts)
        if each.stream_version == before.stream_version
        else each
        for each in parked
    ]


def within_bounds(follower: str, waiting: Mapping[Key, ParkedStream], parked: Sequence[ParkedStream]) -> None:
    """Raises TooManyParked when `parked` would be too many besides those that wait already."""
    if len(waiting) + len(parked) > MAX_PARKED_STREAMS:
        raise TooManyParked(follower, MAX_PARKED_STREAMS)
