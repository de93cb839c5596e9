"""The clock of this process, which can also wait."""

import asyncio
import time


class MonotonicClock:
    """`WaitingClock` on `time.monotonic` and the event loop."""

    def __call__(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
