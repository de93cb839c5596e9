"""Which dead letters are meant: by what they say, by what was done to them, and each of them once."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from workers.dead_letters.letter import Letter, Place

State = Literal["open", "retried", "discarded"]

STATE_AFTER: dict[str, State] = {"dlq-retry": "retried", "dlq-resend": "retried", "dlq-discard": "discarded"}


class Filters(NamedTuple):
    """What a letter must say; None: anything. `type` may leave the version out; `since` counts in, `until` does not."""

    reason: str | None = None
    type: str | None = None
    stream: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def match(self, letter: Letter) -> bool:
        """Whether the letter is meant."""
        type_ = letter.type
        return (
            self.reason in (None, letter.reason)
            and (self.type is None or (type_ is not None and self.type in (type_, type_.rpartition(".v")[0])))
            and self.stream in (None, letter.stream)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
        )


def state_after(actions: Iterable[str]) -> State:
    """Where a letter stands after what was done to it, oldest first. Other actions than ours count for nothing."""
    state: State = "open"
    for action in actions:
        state = STATE_AFTER.get(action, state)
    return state


class SeenPlaces:
    """The places seen so far, exactly, in 8 bytes each: so a topic of millions of letters can be read through.

    Letters of one partition come nearly in the order of their offsets, so that almost every one is added at the end.
    """

    def __init__(self) -> None:
        self._offsets: dict[tuple[str, int], array[int]] = {}

    def add(self, place: Place) -> bool:
        """Remember a place; False when it was seen before."""
        offsets = self._offsets.setdefault((place.topic, place.partition), array("q"))
        index = bisect_left(offsets, place.offset)
        if index < len(offsets) and offsets[index] == place.offset:
            return False
        offsets.insert(index, place.offset)
        return True
