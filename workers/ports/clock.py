"""Elapsed time in this process. The time of day comes from the database alone (`EventStore.look_up`)."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since an arbitrary moment. They never decrease. Readings are comparable within one process only: the clock of
another worker starts elsewhere. `time.monotonic` is such a clock.
"""
