"""Which dead letters are meant: by what they say, by what was done to them, and each of them once."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from workers.dead_letters.letter import Letter

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


def state_after(written_at: datetime, actions: Iterable[tuple[str, datetime]]) -> State:
    """Where a letter stands after what was done to it, and when, oldest first. Other actions than ours do not count.
    Nor do those from before the letter was written: they were about another one, in a topic that was made anew since.
    """
    state: State = "open"
    for action, at in actions:
        if at >= written_at:
            state = STATE_AFTER.get(action, state)
    return state


class SeenLetters:
    """The letters seen so far, in 16 bytes each: so a topic of millions of letters can be read through.

    A letter is known by its place and its content: a topic that was made anew has other originals at the same places.
    Letters of one partition come nearly in the order of their offsets, so that almost every one is added at the end.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[array[int], array[int]]] = {}

    def add(self, letter: Letter) -> bool:
        """Remember a letter; False when it was seen before."""
        topic, partition, offset = letter.place
        content = hash((letter.original.key, letter.original.value, tuple(letter.original.headers)))
        offsets, contents = self._seen.setdefault((topic, partition), (array("q"), array("q")))
        index = bisect_left(offsets, offset)
        while index < len(offsets) and offsets[index] == offset:
            if contents[index] == content:
                return False
            index += 1
        offsets.insert(index, offset)
        contents.insert(index, content)
        return True
