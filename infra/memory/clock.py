"""Time in memory: it stands still until it is told to pass."""


class MemoryClock:
    """A `Clock` that is moved by hand."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def __call__(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError when it would go back."""
        if seconds < 0:
            raise ValueError(f"time can't go back by {-seconds} s")
        self._seconds += seconds
