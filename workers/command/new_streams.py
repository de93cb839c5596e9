"""Which streams of a batch are taken for new ones, without asking the table.

Most streams that a lane does not know do not exist yet: their first command creates them. So a batch is decided as if
the unknown ones had no events. The first event of each proves it when the batch is committed: no other event can have
its version. A batch that lacks such an event, or whose commit is refused, is decided again on what the table says. Then
the next batches ask first, for ever longer while the guesses are wrong.
"""

from collections.abc import Collection, Sequence

from workers.ports.event_store import EventRow

FIRST_PAUSE_BATCHES = 10
LAST_PAUSE_BATCHES = 1000


class NewStreams:
    """The guesses of a lane. `guessed` are the ids of the streams of the batch in hand that are taken for new ones."""

    def __init__(self) -> None:
        self.guessed: frozenset[str] = frozenset()
        self._pause_batches = FIRST_PAUSE_BATCHES
        self._batches_to_wait = 0

    def may_guess(self) -> bool:
        """Whether unknown streams of the next batch may be taken for new. Counts the batch."""
        self._batches_to_wait = max(self._batches_to_wait - 1, -1)
        return self._batches_to_wait < 0

    def guess(self, stream_ids: Collection[str]) -> None:
        """Take these for new, and no others."""
        self.guessed = frozenset(stream_ids)

    def are_begun_by(self, events: Sequence[EventRow]) -> bool:
        """Whether the first event of each of them is among these: then a commit proves the guess."""
        if not self.guessed:
            return True
        return self.guessed <= {event.stream_id for event in events if event.stream_version == 1}

    def note_right(self) -> None:
        """The batch was committed."""
        if self.guessed:
            self._pause_batches = FIRST_PAUSE_BATCHES

    def note_wrong(self) -> None:
        """The guess, if there was one, was wrong or cannot be proven."""
        if not self.guessed:
            return
        self._batches_to_wait = self._pause_batches
        self._pause_batches = min(2 * self._pause_batches, LAST_PAUSE_BATCHES)
