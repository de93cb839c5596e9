"""The pace of a verification in the background: after each chunk it rests many times as long as the chunk took."""

from collections.abc import Callable

from workers.ports.clock import WaitingClock

SHARE = 0.05
"""The share of one core that the verification uses at most while it runs."""
MAX_REST_SECONDS = 5.0


class SlowPace:
    """A `Pace`. `progress` is called at each chunk: the verification is alive."""

    def __init__(self, clock: WaitingClock, progress: Callable[[], None], share: float = SHARE) -> None:
        self._clock = clock
        self._progress = progress
        self._rest_per_second = 1 / share - 1
        self._resumed_at = clock()

    async def __call__(self, count: int) -> None:
        """Rest in proportion to the time since the last rest."""
        self._progress()
        worked_seconds = self._clock() - self._resumed_at
        await self._clock.sleep(min(worked_seconds * self._rest_per_second, MAX_REST_SECONDS))
        self._resumed_at = self._clock()
