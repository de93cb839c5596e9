"""How a soak reports its progress while it runs."""

from typing import Protocol


class ProgressListener(Protocol):
    """Receives the progress of a run: a screen, or a test's list."""

    def activity(self, text: str) -> None:
        """What the run does from now on."""
        ...

    def event(self, text: str) -> None:
        """Something that deserves a line of its own."""
        ...

    def elapsed(self, seconds: float) -> None:
        """How long the load has been on."""
        ...
