"""Parked streams: an event that the code of a projection or a saga cannot apply stops its own stream and no other.

Parked streams are kept in the store that the follower writes to, in the same transaction as its position, so parking is
neither lost nor repeated. The events themselves are in the event table.
"""

from typing import Literal, NamedTuple


class ParkedStream(NamedTuple):
    """A stream of which `follower` (a projection or a saga) has applied nothing from `stream_version` on.

    `error` is the kind of the last failure and the place in the code where it was raised, never a value. `recorded_at`
    (RFC 3339) is the time of the first event that waits: its age tells how far the follower is behind.
    """

    follower: str
    stream_id: str
    stream_version: int
    sequence: int
    event_type: str
    error: str
    attempts: int
    recorded_at: str


class ParkedStreamRequest(NamedTuple):
    """What an operator asks the lane's owner to do with a parked stream: try again, or pass over its first event."""

    follower: str
    stream_id: str
    action: Literal["retry", "skip"]


class TooManyParked(Exception):
    """So many streams of one lane are parked that the code is at fault. The lane stops until the code is fixed."""

    def __init__(self, follower: str, limit: int) -> None:
        super().__init__(
            f"{follower} cannot apply the events of more than {limit} streams of one lane: its code is at fault. "
            "Fix it and restart the worker; the lane continues from its position"
        )
        self.follower = follower
        self.limit = limit
