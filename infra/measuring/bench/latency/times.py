"""Latencies in milliseconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from infra.measuring.bench.progress import Stalled
from infra.measuring.bench.together import together
from infra.postgres.measuring import RequestTimes


class Times(NamedTuple):
    """Milliseconds. `unanswered`: without an answer in time, or with a wrong one; each has taken as long as was waited
    for an answer.
    """

    p50: float
    p99: float
    highest: float
    answered: int
    unanswered: int

    @staticmethod
    def of(what: str, seconds: Sequence[float | None], limit_seconds: float) -> "Times":
        """Of latencies in seconds; None: unanswered after `limit_seconds`. Raises Stalled when nothing was answered."""
        unanswered = sum(latency is None for latency in seconds)
        if unanswered == len(seconds):
            raise Stalled(what, 0, len(seconds))
        times = sorted(limit_seconds if latency is None else latency for latency in seconds)
        p50, p99 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
        return Times(p50 * 1000, p99 * 1000, times[-1] * 1000, len(times) - unanswered, unanswered)

    @staticmethod
    def of_requests(times: RequestTimes) -> "Times":
        """As the database has measured them."""
        return Times(times.p50, times.p99, times.highest, times.pairs, 0)

    def compared(self) -> Mapping[str, object]:
        """What another run's can be divided by: no counts."""
        return {"p50": self.p50, "p99": self.p99, "highest": self.highest}


async def open_loop(
    per_second: float, seconds: float, answered: Callable[[int, float], Awaitable[bool]]
) -> list[float | None]:
    """The latencies of calls that are due at a steady rate: `answered(number, due)` is called when it is due by the
    monotonic clock, and says whether the answer was right. It must end within a bounded time, answered or not.

    A call's task is made when the call is due: all at once they would keep the loop busy, and the first calls late.
    """
    # Not the loop's clock: uvloop's has whole milliseconds.
    started, count = time.monotonic(), max(1, round(per_second * seconds))
    latencies: list[float | None] = [None] * count

    async def call(number: int, due: float) -> None:
        if await answered(number, due):
            latencies[number] = time.monotonic() - due

    async with together() as calls:
        for number in range(count):
            due = started + number / per_second
            # uvloop's timers have whole milliseconds: a shorter sleep would be none, and the loop would spin meanwhile.
            while (early := due - time.monotonic()) > 0:  # noqa: ASYNC110  # for the time, and not for an event
                await asyncio.sleep(max(early, 0.001))
            await asyncio.sleep(0)  # also when it is late: calls that were made before it go on
            calls.create_task(call(number, due))
    return latencies
