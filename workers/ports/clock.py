"""Time as it passes in this process. What the time of day is, the database alone says (`EventStore.look_up`)."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since some moment of no meaning; never fewer than before, and steady while the process is. Compared only
within one process: not even another worker's clock has the same zero. `time.monotonic` is one.
"""
