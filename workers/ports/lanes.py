"""Lanes as the database keeps them: who owns one, how far it has read, how far it has written."""

from typing import Literal, NamedTuple

Role = Literal["command", "saga"]


class LaneKey(NamedTuple):
    """One partition of one input topic for one role: the unit of ordering, ownership, fencing and scale."""

    role: Role
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.role}:{self.topic}/{self.partition}"


class Mark(NamedTuple):
    """How far the lane's output is known to be acknowledged by the log. It may lag; it never runs ahead."""

    sequence: int
    offset: int


class LaneGrant(NamedTuple):
    """A lane just taken: `consumed` is the next offset to read, `sequence` the last number handed out.

    `topic_id` is that of the topic whose offset `consumed` is, `published_topic_id` that of the mark's; empty: not
    known. `interruptions`: how many of the lane nobody has acknowledged. `last_timestamp`: that of the record before
    `consumed`, 0: not known.
    """

    epoch: int
    consumed: int
    sequence: int
    mark: Mark
    input_sequence: int
    topic_id: str = ""
    published_topic_id: str = ""
    interruptions: int = 0
    last_timestamp: int = 0


class Interruption(NamedTuple):
    """A topic is not the one that a lane has read, or does not reach to where the lane stands (`consumed`).

    `recreated`: it has another id. `deleted`: records that the lane had not read are gone from its beginning.
    `truncated`: it has lost its end, which the lane had read, and may have grown beyond it since with other records.
    `missing`: how many records are gone unread, at most; None: nobody knows.
    """

    kind: Literal["recreated", "deleted", "truncated"]
    former_topic_id: str
    topic_id: str
    consumed: int
    start: int
    end: int
    missing: int | None


class Fenced(Exception):
    """Another owner has taken the lane over; nothing was written. Drop the lane and all that is in flight for it."""

    def __init__(self, lane: LaneKey, epoch: int) -> None:
        super().__init__(f"lane {lane} is no longer held in epoch {epoch}: another worker has taken it over")
        self.lane = lane
        self.epoch = epoch


class Unavailable(Exception):
    """A server did not answer, or not in time. Nothing is lost: try again after a delay.

    `advice` says what an operator can do about it; "": it passes by itself.
    """

    def __init__(self, server: str, explanation: str, advice: str = "") -> None:
        super().__init__(server, explanation, advice)
        self.server = server
        self.explanation = explanation
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.server} is not available: {self.explanation}" + (f"; {self.advice}" if self.advice else "")
