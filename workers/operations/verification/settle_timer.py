"""How long a verification waits for what is on its way: as long as there is progress, and a bounded time after it."""

from workers.ports.clock import WaitingClock

SETTLE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.5


class SettleTimer:
    """Runs out when there was no progress during `settle_seconds` of waiting. Time between the waits does not count."""

    def __init__(self, clock: WaitingClock, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._clock = clock
        self._settle_seconds = settle_seconds
        self._left_seconds = settle_seconds

    def progress(self) -> None:
        """There was progress: the time starts again, unless it has run out."""
        if self._left_seconds > 0:
            self._left_seconds = self._settle_seconds

    async def wait(self) -> bool:
        """Wait a little and return True; False, at once, when the time has run out."""
        if self._left_seconds <= 0:
            return False
        started = self._clock()
        await self._clock.sleep(LOOK_AGAIN_SECONDS)
        self._left_seconds -= self._clock() - started
        return True
