"""Latencies in milliseconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from infra.postgres.measuring import RequestTimes


class Times(NamedTuple):
    """Milliseconds. `unanswered`: without an answer in time, or with a wrong one."""

    p50: float
    p99: float
    highest: float
    answered: int
    unanswered: int

    @staticmethod
    def of(seconds: Sequence[float | None]) -> "Times":
        """Of latencies in seconds; None: unanswered."""
        times = sorted(latency for latency in seconds if latency is not None)
        if not times:
            return Times(0.0, 0.0, 0.0, 0, len(seconds))
        p50, p99 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
        return Times(p50 * 1000, p99 * 1000, times[-1] * 1000, len(times), len(seconds) - len(times))

    @staticmethod
    def of_requests(times: RequestTimes) -> "Times":
        """As the database has measured them."""
        return Times(times.p50, times.p99, times.highest, times.pairs, 0)


async def open_loop(
    per_second: float, seconds: float, answered: Callable[[int, float], Awaitable[bool]]
) -> list[float | None]:
    """The latencies of calls that are due at a steady rate: `answered(number, due)` is called when it is due by the
    monotonic clock, and says whether the answer was right.
    """
    # Not the loop's clock: uvloop's has whole milliseconds.
    started, count = time.monotonic(), max(1, round(per_second * seconds))

    async def latency(number: int) -> float | None:
        due = started + number / per_second
        await asyncio.sleep(due - time.monotonic())
        return time.monotonic() - due if await answered(number, due) else None

    return await asyncio.gather(*(latency(number) for number in range(count)))
