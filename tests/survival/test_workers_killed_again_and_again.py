"""Workers are killed again and again under load: nothing is lost or doubled; log and cards equal the table."""

import asyncio

import pytest

from tests.audit import audit
from tests.sent_commands import Sent, create_users
from tests.survival.random_kills import random_kills
from tests.system import System
from tests.verification.command import verified

COMMANDS = 50_000
MIN_KILLS = 8


@pytest.mark.timeout(420)
async def test_every_command_is_handled_once_and_log_and_cards_equal_the_table(system: System) -> None:
    sent: list[Sent] = []
    async with random_kills(system, {"command": 2, "saga": 2, "projection": 2}) as killed:
        for _ in range(10):
            part = create_users(COMMANDS // 10)
            await asyncio.to_thread(system.send, part)
            sent += part
        await system.handled(COMMANDS, seconds=240)
        while len(killed) < MIN_KILLS:
            await asyncio.sleep(0.1)
    await system.settled(seconds=120)
    assert len(killed) >= MIN_KILLS
    await audit(system, sent)
    code, verdict = await verified(system)
    assert code == 0, verdict
    rows = await system.database.fetch("SELECT count(*) FROM annals.events")
    assert rows[0][0] == 2 * COMMANDS
