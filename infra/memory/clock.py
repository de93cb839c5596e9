"""Time in memory: it passes only when it is told to, or when somebody waits."""


class MemoryClock:
    """A `Clock` and `WaitingClock`. A wait ends at once, and time has passed."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def __call__(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError when it would go back."""
        if seconds < 0:
            raise ValueError(f"time can't go back by {-seconds} s")
        self._seconds += seconds
