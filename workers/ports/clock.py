"""Time as it passes in this process. What the time of day is, the database alone says (`EventStore.look_up`)."""

from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], float]
"""Seconds since some moment of no meaning; never fewer than before, and steady while the process is. Compared only
within one process: not even another worker's clock has the same zero. `time.monotonic` is one.
"""


class WaitingClock(Protocol):
    """A `Clock` that can also wait."""

    def __call__(self) -> float:
        """As `Clock`."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has gone on by at least `seconds`."""
        ...
