"""Workers that are killed, one at random after another, and each replaced at once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.system import System, Worker


@asynccontextmanager
async def killing(system: System, crews: dict[str, int]) -> AsyncIterator[list[str]]:
    """Keep so many workers of each role, and kill one of them at random after another, until the block ends.

    Only workers that were given lanes are killed: others have nothing to lose, and on a slow machine, where a start
    takes longer than the next kill, nothing would ever be done.
    """
    killed: list[str] = []
    chance = random.Random(20261121)
    alive = {role: [await system.worker(role) for _ in range(size)] for role, size in crews.items()}

    async def kill_on() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0.5, 3.0))
            role = chance.choice(sorted(alive))
            at_work = [worker for worker in alive[role] if _has_lanes(worker)]
            if at_work:
                victim = chance.choice(at_work)
                alive[role].remove(victim)
                await victim.kill()
                killed.append(role)
                alive[role].append(await system.worker(role))

    killer = asyncio.create_task(kill_on())
    try:
        yield killed
    finally:
        killer.cancel()
        await asyncio.wait([killer])


def _has_lanes(worker: Worker) -> bool:
    return "lanes assigned" in worker.log()
