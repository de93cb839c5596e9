"""Workers come and go under load; six partitions, nothing lost, nothing repeated."""

import asyncio

import pytest

from tests.audit import audit
from tests.sent_commands import Sent, create_users
from tests.system import System

COMMANDS = 12_000


@pytest.mark.timeout(240)
async def test_that_joins_and_leaves_loses_and_repeats_nothing(system: System) -> None:
    for role in ("saga", "projection"):
        await system.worker(role)
    first, second = await system.worker("command"), await system.worker("command")
    await system.holding(first, lanes=3)
    await system.holding(second, lanes=3)
    sent: list[Sent] = []

    async def load() -> None:
        for _ in range(COMMANDS // 200):
            part = create_users(200)
            sent.extend(part)
            await asyncio.to_thread(system.send, part)

    loading = asyncio.create_task(load())
    third = await system.worker("command")
    await system.holding(third, lanes=2)
    assert await third.stop() == 0
    await system.holding(first, lanes=3)
    await system.holding(second, lanes=3)
    await loading
    await system.handled(2 * COMMANDS)
    await system.settled()
    await audit(system, sent)
    assert "in disorder" not in first.log() + second.log() + third.log()
