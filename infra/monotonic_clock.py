"""The real clock of a process: `time.monotonic`, and waiting on the event loop."""

import asyncio
import time


class MonotonicClock:
    """`WaitingClock` for a process that runs in real time."""

    def __call__(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
