"""How long a verification waits for what is on its way: as long as there is progress, and a bounded time after it."""

import asyncio
import time

SETTLE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.5


class Patience:
    """Ends for good when nothing has moved for `SETTLE_SECONDS` of waiting."""

    def __init__(self, settle_seconds: float = SETTLE_SECONDS) -> None:
        self._settle_seconds = settle_seconds
        self._left_seconds = settle_seconds

    def moved(self) -> None:
        """There was progress: the time begins anew, unless it had come to its end."""
        if self._left_seconds > 0:
            self._left_seconds = self._settle_seconds

    async def waits(self) -> bool:
        """Wait a little; False, at once, when the time is over."""
        if self._left_seconds <= 0:
            return False
        started = time.monotonic()
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self._left_seconds -= time.monotonic() - started
        return True
