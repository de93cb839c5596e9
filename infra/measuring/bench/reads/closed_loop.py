"""A closed loop: so many clients, each with one connection, each asking again as soon as it is answered."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from infra.measuring.bench.http_connection import Answer, connected
from infra.measuring.bench.processor_time import Meter
from infra.measuring.bench.together import together

WARM_UP_SECONDS = 0.5
ANSWER_SECONDS = 10.0
OK = 200


class ReadRate(NamedTuple):
    """Requests a second, milliseconds, and the server's microseconds of processor time for each request."""

    per_second: float
    p50: float
    p99: float
    cpu_microseconds: float


class WrongAnswer(Exception):
    """A read that is measured was not answered with 200."""

    def __init__(self, request: bytes, status: int) -> None:
        super().__init__(f"{request.split(b' HTTP')[0].decode()} was answered with {status}")


def require_ok(request: bytes, answer: Answer) -> None:
    """Raises WrongAnswer."""
    if answer.status != OK:
        raise WrongAnswer(request, answer.status)


async def closed_loop(
    process: psutil.Process, port: int, requests: Sequence[bytes], clients: int, seconds: float
) -> ReadRate:
    """Ask these requests in turn. Raises WrongAnswer, or OSError when the server is gone or silent."""
    await _asked(port, requests, clients, min(WARM_UP_SECONDS, seconds))
    meter = Meter({"server": process})
    times = sorted(await _asked(port, requests, clients, seconds))
    stretch = meter.read()
    count = len(times)
    return ReadRate(
        count / stretch.seconds,
        times[count // 2] * 1000,
        times[min(count - 1, count * 99 // 100)] * 1000,
        stretch.microseconds_each(count)["server"],
    )


async def _asked(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        connection = await connected(port)
        try:
            at = number
            while (asked := time.perf_counter()) < end:
                request = requests[at % len(requests)]
                answer = await connection.request(request)
                times.append(time.perf_counter() - asked)
                require_ok(request, answer)
                at += clients
        finally:
            connection.close()

    async with asyncio.timeout(seconds + ANSWER_SECONDS), together() as tasks:
        for number in range(clients):
            tasks.create_task(client(number))
    return times
