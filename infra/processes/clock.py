"""The clock of a process."""

import asyncio
import time


class SystemClock:
    """`WaitingClock` of this machine: monotonic, in seconds."""

    def __call__(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
