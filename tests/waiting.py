"""Waits for a condition with a deadline. Tests wait in no other way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

POLL_INTERVAL_SECONDS = 0.05

Result = TypeVar("Result")


async def until(
    condition: Callable[[], Awaitable[Result]],
    claim: str,
    *,
    seconds: float = 30.0,
    every: float = POLL_INTERVAL_SECONDS,
) -> Result:
    """Return the first true value of `condition`. At the deadline, fail with `claim` and the last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = await condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {claim} (last seen: {value!r})")
        await asyncio.sleep(every)
