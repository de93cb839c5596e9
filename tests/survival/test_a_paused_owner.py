"""A worker stopped past its session, replaced, and woken again writes nothing more."""

import signal

import pytest

from tests.audit import audit
from tests.system import System, create_users
from tests.waiting import until

COMMANDS = 20_000


@pytest.mark.timeout(240)
async def test_writes_nothing_more_when_it_wakes(system: System) -> None:
    for role in ("saga", "projection"):
        await system.worker(role)
    paused = await system.worker("command")
    await system.holding(paused, lanes=6)
    sent = list(create_users(COMMANDS))
    system.send(sent)
    await system.handled(1000)
    paused.signal(signal.SIGSTOP)
    at_pause = await system.value("SELECT count(*) FROM annals.events WHERE type = 'UserCreated'")
    assert at_pause < COMMANDS, "paused in the middle of its work"

    successor = await system.worker("command")
    await system.holding(successor, lanes=6)
    await system.handled(2 * COMMANDS)
    await system.settled()
    before = await system.value("SELECT count(*) FROM annals.events")
    paused.signal(signal.SIGCONT)

    async def back_in_the_group() -> bool:
        return "lanes assigned" in paused.log().partition("lanes revoked")[2]

    await until(back_in_the_group, "the woken worker noticed, gave up its lanes and joined again", seconds=60)
    assert await system.value("SELECT count(*) FROM annals.events") == before
    await audit(system, sent)
    assert await paused.stop() == 0
    assert await successor.stop() == 0
