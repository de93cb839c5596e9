"""Retries with a growing delay, for a part of a process that cannot start or continue. It never gives up.

This holds for every error, bugs of ours included: a task that ended with it would leave a process that is alive and
does nothing.
"""

from time import monotonic
from typing import Any

import structlog

from workers.ports.lanes import Unavailable


class Retrying:
    """The delays of one part: each is twice the one before, up to a bound; after a time of success they start over."""

    def __init__(self, what_waits: str, log: Any, first_seconds: float, most_seconds: float) -> None:
        self._what_waits = what_waits
        self._log: structlog.typing.FilteringBoundLogger = log
        self._first_seconds = first_seconds
        self._most_seconds = most_seconds
        self._delay_seconds = first_seconds
        self._began_at = monotonic()

    def begin(self) -> None:
        """Record that an attempt begins."""
        self._began_at = monotonic()

    def after(self, error: BaseException) -> float:
        """Log the error, and return the number of seconds to wait before the next attempt."""
        if monotonic() - self._began_at > self._most_seconds:
            self._delay_seconds = self._first_seconds  # it had worked: this is a new failure
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
