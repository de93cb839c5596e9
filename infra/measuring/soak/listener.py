"""Who hears how a soak goes on while it does."""

from typing import Protocol


class Listener(Protocol):
    """A screen, a log, or nobody."""

    def now(self, text: str) -> None:
        """What is going on from now on."""
        ...

    def happened(self, text: str) -> None:
        """Something that is worth a line of its own."""
        ...

    def at(self, seconds: float) -> None:
        """How long the load has lasted."""
        ...
