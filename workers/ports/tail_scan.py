"""How far a log goes by its records: those of strangers do not count."""

from contracts.envelope import Headers
from contracts.stated_sequence import stated_sequence


class TailScan:
    """The highest sequence of the records that are signed, and its offset; if none is, of all: then they may be of a
    release that did not sign. 0 and -1: there is none.

    A scan begins with the record up to which the lane is known to be published, which this installation has signed. So
    whoever may write to the log can neither stop the next owner of a lane by a high sequence, nor pretend that events
    are published.
    """

    def __init__(self) -> None:
        self._signed = self._any = (0, -1)

    def add(self, headers: Headers, offset: int, *, is_signed: bool) -> None:
        """Look at the next record."""
        seen = stated_sequence(headers), offset
        if is_signed and seen[0] > self._signed[0]:
            self._signed = seen
        if seen[0] > self._any[0]:
            self._any = seen

    @property
    def highest(self) -> tuple[int, int]:
        """The sequence and the offset."""
        return self._signed if self._signed[0] else self._any
