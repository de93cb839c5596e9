"""Latency at a steady rate: from the moment a command should be sent to the arrival of its outcome.

Open loop: commands are sent at a fixed rate, whether or not earlier ones were answered, and their time counts from when
they were due. So a worker that stalls shows in the latency of every command that waited for it.
"""

import asyncio
from typing import NamedTuple

from contracts.client.command_client import CommandClient
from infra.kafka.commands import command_client
from infra.measuring.bench.load import sign_up
from infra.measuring.bench.worker_process import worker
from infra.settings import Settings

WARM_UP_SECONDS = 3.0
ANSWER_SECONDS = 10.0


class Latency(NamedTuple):
    """Milliseconds. `unanswered` counts commands without an outcome in time."""

    p50: float
    p99: float
    highest: float
    answered: int
    unanswered: int


async def steady_latency(settings: Settings, per_second: int, seconds: float) -> Latency:
    """The latencies of a steady stream of commands, after a warm-up."""
    async with worker(settings, "command"):
        client = command_client(
            settings, source="/annals/bench", delivery_timeout_seconds=ANSWER_SECONDS, max_outstanding=100_000
        )
        async with client:
            await client.ask(sign_up(), wait_seconds=60)
            await _stream(client, per_second, WARM_UP_SECONDS)
            measured = await _stream(client, per_second, seconds)
    times = sorted(seconds for seconds in measured if seconds is not None)
    if not times:
        return Latency(0.0, 0.0, 0.0, 0, len(measured))
    return Latency(
        times[len(times) // 2] * 1000,
        times[min(len(times) - 1, len(times) * 99 // 100)] * 1000,
        times[-1] * 1000,
        len(times),
        len(measured) - len(times),
    )


async def _stream(client: CommandClient, per_second: int, seconds: float) -> list[float | None]:
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def latency(due: float) -> float | None:
        await asyncio.sleep(due - loop.time())
        outcome = await client.ask(sign_up(), wait_seconds=ANSWER_SECONDS)
        return None if outcome is None else loop.time() - due

    count = int(per_second * seconds)
    return await asyncio.gather(*(latency(started + number / per_second) for number in range(count)))
