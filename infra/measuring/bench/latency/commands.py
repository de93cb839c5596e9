"""From the time a command is due to the arrival of its outcome: by the published client, and as a write over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from contracts.outcome import Outcome
from infra.kafka.commands import command_client
from infra.measuring.bench.http_connection import Connections, post_request
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.latency.times import Times, open_loop
from infra.measuring.bench.load import SOURCE, sign_up
from infra.measuring.bench.processes import gateway
from infra.measuring.bench.progress import POLL_SECONDS, Stalled

ANSWER_SECONDS = 10.0
START_SECONDS = 60.0
MAX_OUTSTANDING = 100_000
ACCEPTED = "accepted"
CREATED = 201


async def command_latencies(
    installation: Installation, rates: Sequence[int], warm_up_seconds: float, seconds: float
) -> Mapping[int, Times]:
    """By rate, the latencies of sign-ups that the command worker accepts, which must run. Raises Stalled or
    KafkaUnavailable.
    """
    client = command_client(
        installation.settings,
        source=SOURCE,
        delivery_timeout_seconds=ANSWER_SECONDS,
        max_outstanding=MAX_OUTSTANDING,
    )

    async def answered(_: int, __: float) -> bool:
        return _accepted(await client.ask(sign_up(), wait_seconds=ANSWER_SECONDS))

    async with client:
        if not _accepted(await client.ask(sign_up(), wait_seconds=START_SECONDS)):
            raise Stalled("the command worker", 0, 1)
        times = {}
        for rate in rates:
            await open_loop(rate, warm_up_seconds, answered)
            latencies = await open_loop(rate, seconds, answered)
            times[rate] = Times.of(f"{rate} commands/s", latencies, ANSWER_SECONDS)
        return times


def _accepted(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.status == ACCEPTED


async def write_latency(installation: Installation, per_second: float, warm_up_seconds: float, seconds: float) -> Times:
    """The latencies of `POST /users` through one gateway and the command worker, which must run; answered: 201 Created.
    Raises Stalled or TimeoutError.
    """
    async with gateway(installation) as running:
        connections = Connections(running.port)

        async def answered(_: int, __: float) -> bool:
            request = post_request("/users", sign_up().to_json())
            answer = await connections.request(request, ANSWER_SECONDS)
            return answer is not None and answer.status == CREATED

        try:
            await _first_answer(answered)
            await open_loop(per_second, warm_up_seconds, answered)
            return Times.of("writes over HTTP", await open_loop(per_second, seconds, answered), ANSWER_SECONDS)
        finally:
            connections.close()


async def _first_answer(answered: Callable[[int, float], Awaitable[bool]]) -> None:
    """Wait until a write is answered with 201: it is 202 or 503 until the gateway reads replies. Raises Stalled."""
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await answered(0, 0):  # noqa: ASYNC110 - another process changes
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise Stalled("the gateway", 0, 1) from error
