"""The order of the entries of one instance's journal. Pure.

A lane applies its events in the order of their sequences. A parked stream is the exception: when an operator has it
retried, its events are applied behind later ones of other streams, yet in their own order. An event that stands in a
journal twice is no matter of order; internal events have no sequence.
"""

from typing import NamedTuple

from workers.core.recorded import Recorded
from workers.ports.sagas import JournalRow
from workers.ports.verification.steps import SagaLane


class LateEntry(NamedTuple):
    """An entry behind one of the same lane with a higher sequence, `after`. `of_stream`: that one is a late entry of
    the same stream, which no retry of a parked stream explains.
    """

    row: JournalRow
    stream_id: str
    after: int
    of_stream: bool


class JournalOrder:
    """Looks at the entries of one instance in the order of their versions. Of streams it keeps those with late entries
    only: an instance may follow any number of streams.
    """

    def __init__(self) -> None:
        self._last_sequences: dict[SagaLane, int] = {}
        self._late_sequences: dict[tuple[SagaLane, str], int] = {}

    def late_entry(self, row: JournalRow, recorded: Recorded | None) -> LateEntry | None:
        """The entry as a late one, if it is. `recorded` is the event of the log that it names, if there is one."""
        if row.sequence == 0 or recorded is None:
            return None
        lane = (row.context, row.partition)
        last = self._last_sequences.get(lane, 0)
        if row.sequence >= last:
            self._last_sequences[lane] = row.sequence
            return None
        stream = (lane, recorded.stream_id)
        late = self._late_sequences.get(stream, 0)
        self._late_sequences[stream] = max(late, row.sequence)
        of_stream = row.sequence < late
        return LateEntry(row, recorded.stream_id, late if of_stream else last, of_stream)
