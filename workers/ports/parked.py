"""Parked streams: an event that the code of a projection or a saga cannot apply stops its own stream and no other.

Parked streams are kept in the store that the follower writes to, in the same transaction as its position, so parking is
neither lost nor repeated. The events themselves are in the event table.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

ParkedStreamAction = Literal["retry", "skip"]
"""What an operator can request: apply the waiting events again, or pass over the first of them."""

FollowerKind = Literal["projection", "saga"]


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
    """What an operator requests for a parked stream. The lane's owner does it."""

    follower: str
    stream_id: str
    action: ParkedStreamAction


class ParkedStreamListing(NamedTuple):
    """A parked stream with its lane: a partition of the topic of events. `requested` is what an operator has requested
    and the lane's owner has not done yet; None: nothing.
    """

    kind: FollowerKind
    topic: str
    partition: int
    stream: ParkedStream
    requested: ParkedStreamAction | None

    @property
    def name(self) -> str:
        """The name on the command line, such as `projection:users/<stream id>`."""
        return f"{self.kind}:{self.stream.follower}/{self.stream.stream_id}"


class ParkedByProjections(Protocol):
    """The parked streams of the live read models. Every method raises Unavailable."""

    async def of_projection(self, projection: str, topic: str) -> Sequence[ParkedStreamListing]:
        """Those of the live generation of a projection that reads `topic`, by partition and stream id."""
        ...

    async def request(self, listing: ParkedStreamListing, action: ParkedStreamAction) -> None:
        """Request an action on the event that `listing` names; a later request replaces an earlier one. Does nothing
        if the stream is not parked any more, or is parked at another event: the operator did not ask about that one.
        """
        ...


class ParkedBySagas(Protocol):
    """The parked streams of all sagas. Every method raises Unavailable."""

    async def of_topic(self, topic: str) -> Sequence[ParkedStreamListing]:
        """Those of the sagas that read `topic`, the one with the oldest waiting event first."""
        ...

    async def request(self, listing: ParkedStreamListing, action: ParkedStreamAction) -> None:
        """As `ParkedByProjections.request`."""
        ...


class TooManyParked(Exception):
    """So many streams of one lane are parked that the code is at fault. The lane stops until the code is fixed."""

    def __init__(self, follower: str, limit: int) -> None:
        super().__init__(
            f"{follower} cannot apply the events of more than {limit} streams of one lane: its code is at fault. "
            "Fix it and restart the worker; the lane continues from its position"
        )
        self.follower = follower
        self.limit = limit
