"""What a part of a process does when it cannot begin or go on: say why, wait, try again. It never gives up.

Whatever the error is, also a bug of ours: a task that ended of it would leave a process that lives and does nothing.
"""

from time import monotonic
from typing import Any

import structlog

from workers.ports.lanes import Unavailable


class Retrying:
    """The delays of one part: each is twice the one before, up to a bound; what has worked for a while begins anew."""

    def __init__(self, what_waits: str, log: Any, first_seconds: float, most_seconds: float) -> None:
        self._what_waits = what_waits
        self._log: structlog.typing.FilteringBoundLogger = log
        self._first_seconds = first_seconds
        self._most_seconds = most_seconds
        self._delay_seconds = first_seconds
        self._began_at = monotonic()

    def begin(self) -> None:
        """Another attempt begins."""
        self._began_at = monotonic()

    def after(self, error: BaseException) -> float:
        """Say what has gone wrong, and how many seconds to wait before the next attempt."""
        if monotonic() - self._began_at > self._most_seconds:
            self._delay_seconds = self._first_seconds  # it had worked: this is a new trouble
        delay = self._delay_seconds
        self._delay_seconds = min(delay * 2, self._most_seconds)
        match error:
            case Unavailable(advice=""):
                self._log.warning(self._what_waits, reason=str(error), again_in_seconds=delay)
            case Unavailable():
                self._log.error(self._what_waits, reason=str(error), again_in_seconds=delay)
            case _:
                self._log.error(f"{self._what_waits}: a bug", again_in_seconds=delay, exc_info=error)
        return delay
