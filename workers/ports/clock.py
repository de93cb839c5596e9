"""Elapsed time in this process. The time of day comes from the database alone (`EventStore.look_up`)."""

from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], float]
"""Seconds since an arbitrary moment. They never decrease. Readings are comparable within one process only: the clock of
another worker starts elsewhere. `time.monotonic` is such a clock.
"""


class WaitingClock(Protocol):
    """A `Clock` that can also wait."""

    def __call__(self) -> float:
        """As `Clock`."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has gone on by at least `seconds`."""
        ...
