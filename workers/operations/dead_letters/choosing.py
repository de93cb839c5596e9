"""Which dead letters an operator means: by what they say, by what was done about them, and each of them once."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from workers.operations.dead_letters.letter import Letter, RecordPosition

LetterState = Literal["open", "retried", "discarded"]

RETRY_ACTION = "dlq-retry"
RESEND_ACTION = "dlq-resend"
DISCARD_ACTION = "dlq-discard"

STATE_AFTER: dict[str, LetterState] = {
    RETRY_ACTION: "retried",
    RESEND_ACTION: "retried",
    DISCARD_ACTION: "discarded",
}


class LetterFilters(NamedTuple):
    """What a letter must say; None allows anything. `type` may lack the version; a letter written at `since` matches,
    one written at `until` does not.
    """

    reason: str | None = None
    type: str | None = None
    stream_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def match(self, letter: Letter) -> bool:
        """Whether the letter says all that."""
        type_ = letter.type
        return (
            self.reason in (None, letter.reason)
            and (self.type is None or (type_ is not None and self.type in (type_, type_.rpartition(".v")[0])))
            and self.stream_id in (None, letter.stream_id)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
        )


class LetterChoice(NamedTuple):
    """The letters to act on: those at `positions`, if any are given; else those of `topics` (of the originals) that the
    filters match and that are in `state` (None: in any state).
    """

    positions: Sequence[RecordPosition]
    topics: Sequence[str]
    filters: LetterFilters
    state: LetterState | None


def state_after(written_at: datetime, actions: Iterable[tuple[str, datetime]]) -> LetterState:
    """The state of a letter after these actions (name and time, oldest first). Actions of other kinds do not count.

    Nor do actions from before the letter was written: they were about another letter with the same position, in a topic
    that was deleted and created again since.
    """
    state: LetterState = "open"
    for action, at in actions:
        if at >= written_at:
            state = STATE_AFTER.get(action, state)
    return state


class SeenLetters:
    """The letters that were read so far, at 16 bytes each, so that a topic with millions of letters can be read.

    A letter is recognised by its position and content: a topic that was created again has other originals at the same
    positions. Letters come nearly in the order of their offsets, so almost every one is added at the end of the arrays.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[array[int], array[int]]] = {}

    def add(self, letter: Letter) -> bool:
        """Add a letter; False when it was there before."""
        topic, partition, offset = letter.position
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
