"""The sending side of the floor: latencies of records that pass a bare worker at a steady rate."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from infra.kafka.bare_log import BareLog, bare_log
from infra.kafka.topics import Topic, create_topics
from infra.measuring.bench.checkout import child_environment
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.latency.bare_worker import ANSWERS_TOPIC, REQUESTS_TOPIC, Passing
from infra.measuring.bench.latency.times import Times, open_loop
from infra.measuring.bench.processes import START_TIMEOUT_SECONDS, child_process
from infra.measuring.bench.together import together

ANSWER_SECONDS = 10.0


class Floor(NamedTuple):
    """A bare worker that runs, and the log by which it is reached; `waiting`: answers by when their record was due."""

    log: BareLog
    requests: str
    partitions: int
    warm_up_seconds: float
    waiting: dict[float, asyncio.Future[Passing]]

    async def there_and_back(self, per_second: float, seconds: float) -> Times:
        """A hop to the worker, a durable commit, a hop back."""
        await self._passes(per_second, self.warm_up_seconds, 1)
        backs = [back for back, _ in await self._passes(per_second, seconds, 1)]
        return Times.of("the floor", backs, ANSWER_SECONDS)

    async def chain(self, passes: int, per_second: float, seconds: float) -> Times:
        """So many hops and commits in turn, up to the last commit."""
        await self._passes(per_second, self.warm_up_seconds, passes)
        commits = [committed for _, committed in await self._passes(per_second, seconds, passes)]
        return Times.of("the floor", commits, ANSWER_SECONDS)

    async def first_answer(self) -> None:
        """Wait until the worker answers."""
        while (await self._passes(1, 1, 1))[0][0] is None:
            pass  # each takes as long as is waited for an answer

    async def _passes(self, per_second: float, seconds: float, passes: int) -> list[tuple[float | None, float | None]]:
        """For each record the seconds until it was back, and until its last commit."""
        committed: dict[int, float] = {}

        async def answered(number: int, due: float) -> bool:
            reply = self.waiting[due] = asyncio.get_running_loop().create_future()
            await self.log.send(self.requests, number % self.partitions, Passing(number, passes, due).to_bytes())
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    committed[number] = (await reply).committed - due
            except TimeoutError:
                return False
            finally:
                del self.waiting[due]
            return True

        backs = await open_loop(per_second, seconds, answered)
        return [(back, committed.get(number)) for number, back in enumerate(backs)]

    async def receive(self) -> None:
        """Give each answer to who waits for it, until cancelled."""
        while True:
            for passing in map(Passing.read, await self.log.arrived()):
                reply = self.waiting.get(passing.due)
                if reply is not None and not reply.done():
                    reply.set_result(passing)


@asynccontextmanager
async def floor(installation: Installation, warm_up_seconds: float) -> AsyncIterator[Floor]:
    """Over as many partitions as the installation has lanes; its topics go with those of the installation. Raises
    Unavailable or TimeoutError.
    """
    settings = installation.settings
    requests, answers = (f"{settings.topic_prefix}{topic}" for topic in (REQUESTS_TOPIC, ANSWERS_TOPIC))
    await installation.measurements.make_bare_table()
    await create_topics(settings, [Topic(name, settings.partitions, {}) for name in (requests, answers)])
    command = (sys.executable, "-P", "-m", "infra.measuring.bench.latency.bare_worker")
    async with (
        bare_log(settings, answers) as log,
        child_process(command, child_environment(settings)),
        received(Floor(log, requests, settings.partitions, warm_up_seconds, {})) as running,
    ):
        async with asyncio.timeout(START_TIMEOUT_SECONDS):
            await running.first_answer()
        yield running


@asynccontextmanager
async def received(running: Floor) -> AsyncIterator[Floor]:
    """A floor that receives its answers meanwhile. Raises what receiving fails with."""
    async with together() as tasks:
        receiving = tasks.create_task(running.receive())
        yield running
        receiving.cancel()
