"""A lane's wait for records. Records end it, and whoever wants the lane to look for something to do without them."""

import asyncio
from contextlib import suppress

from workers.ports.clock import Clock


class RecordWait:
    """`has_looked`: the lane has looked for something to do since it handled records."""

    def __init__(self, clock: Clock) -> None:
        self.has_looked = False
        self._clock = clock
        self._since: float | None = None
        self._ended = asyncio.Event()

    @property
    def is_under_way(self) -> bool:
        """Whether the lane does nothing but wait."""
        return self._since is not None

    @property
    def is_rest(self) -> bool:
        """Whether it waits and has nothing to do, as far as it knows."""
        return self.is_under_way and self.has_looked

    def has_lasted(self, seconds: float) -> bool:
        """Whether it has waited for so long."""
        return self._since is not None and self._clock() - self._since >= seconds

    def end(self) -> None:
        """End the wait, or the next one at once if the lane does not wait now."""
        self._ended.set()

    def forget_end(self) -> None:
        """What ended earlier waits has been done."""
        self._ended.clear()

    async def until_ended(self, at_most_seconds: float | None) -> None:
        """Wait. None: for as long as it takes."""
        self._since = self._clock()
        try:
            if at_most_seconds is None:
                await self._ended.wait()
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most_seconds):
                    await self._ended.wait()
        finally:
            self._since = None
