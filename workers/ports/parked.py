"""Streams that wait: an event that the code of a projection or a saga cannot take stops its own stream, and no other.

What waits is known to the store that the follower writes to, in the same transaction as how far it has come; so parking
is neither lost nor doubled. The events themselves are in the table.
"""

from typing import Literal, NamedTuple


class ParkedStream(NamedTuple):
    """A stream of which nothing from `stream_version` on has been applied by `follower` (a projection or a saga).

    `error` is the kind of the last failure and where in the code it was raised, never a value. `recorded_at` (RFC 3339)
    is when the first waiting event was recorded: its age is how far the follower is behind.
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
    """So many streams are parked in one lane that it is the code, not the streams. The lane waits with all of them."""

    def __init__(self, follower: str, limit: int) -> None:
        super().__init__(
            f"{follower} cannot take the events of more than {limit} streams of one lane: its code is at fault; "
            "mend it and start the worker again: the lane goes on from where it stands"
        )
        self.follower = follower
        self.limit = limit
