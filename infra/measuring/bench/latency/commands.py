"""From the time a command is due to the arrival of its outcome: by the published client, and as a write over HTTP."""

from collections.abc import Mapping, Sequence

from infra.kafka.commands import command_client
from infra.measuring.bench.http_connection import HttpConnection, connected, post_request
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.latency.times import Times, open_loop
from infra.measuring.bench.load import SOURCE, sign_up
from infra.measuring.bench.processes import gateway, worker

ANSWER_SECONDS = 10.0
START_SECONDS = 60.0
WARM_UP_SECONDS = 2.0
MAX_OUTSTANDING = 100_000
CREATED = 201


async def command_latencies(installation: Installation, rates: Sequence[int], seconds: float) -> Mapping[int, Times]:
    """By rate, the latencies of sign-ups that one command worker handles."""
    client = command_client(
        installation.settings,
        source=SOURCE,
        delivery_timeout_seconds=ANSWER_SECONDS,
        max_outstanding=MAX_OUTSTANDING,
    )

    async def answered(_: int, __: float) -> bool:
        return await client.ask(sign_up(), wait_seconds=ANSWER_SECONDS) is not None

    async with worker(installation, "command"), client:
        await client.ask(sign_up(), wait_seconds=START_SECONDS)
        times = {}
        for rate in rates:
            await open_loop(rate, WARM_UP_SECONDS, answered)
            times[rate] = Times.of(await open_loop(rate, seconds, answered))
        return times


async def write_latency(installation: Installation, per_second: float, seconds: float) -> Times:
    """The latencies of `POST /users` through one gateway and one command worker; answered: 201 Created."""
    idle: list[HttpConnection] = []
    async with worker(installation, "command"), gateway(installation) as running:

        async def answered(_: int, __: float) -> bool:
            connection = idle.pop() if idle else await connected(running.port)
            try:
                answer = await connection.request(post_request("/users", sign_up().to_json()))
            except ConnectionError:
                return False
            idle.append(connection)
            return answer.status == CREATED

        try:
            while not await answered(0, 0):
                pass  # 202 or 503 until the worker has its lanes
            await open_loop(per_second, WARM_UP_SECONDS, answered)
            return Times.of(await open_loop(per_second, seconds, answered))
        finally:
            for connection in idle:
                connection.close()
