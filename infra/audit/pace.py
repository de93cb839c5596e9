"""The pace of a verification that must not be in anybody's way: after each chunk it rests many times as long."""

import asyncio
import time
from collections.abc import Callable

SHARE = 0.05
"""Of a core, at most, while it works."""
MAX_REST_SECONDS = 5.0


class Unhurried:
    """A `Pace`. `stir` is called at each chunk: it goes on."""

    def __init__(self, stir: Callable[[], None], share: float = SHARE) -> None:
        self._stir = stir
        self._rest_per_second = 1 / share - 1
        self._resumed_at = time.monotonic()

    async def __call__(self, count: int) -> None:
        """Rest in proportion to the time since the last rest."""
        self._stir()
        worked_seconds = time.monotonic() - self._resumed_at
        await asyncio.sleep(min(worked_seconds * self._rest_per_second, MAX_REST_SECONDS))
        self._resumed_at = time.monotonic()
