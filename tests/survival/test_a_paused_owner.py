"""A worker stopped past its session, replaced, and woken again is refused at every lane, and writes nothing more."""

import signal
from typing import Any

import pytest

from tests.audit import audit
from tests.system import System, Worker, create_users
from tests.waiting import until

COMMANDS = 20_000
LANES = 6

# All that a command worker writes to, row for row, in one number each.
CONTENTS = {
    table: f"SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM annals.{table} AS t"  # noqa: S608
    for table in ("events", "commands", "unique_claims", "credentials", "snapshots", "step_rejections")
}


async def written(system: System) -> dict[str, Any]:
    """What stands in the tables, and the last number that each lane has handed out."""
    found = {table: await system.value(query) for table, query in CONTENTS.items()}
    lanes = await system.lanes("command", "users.commands")
    return {**found, "sequences": [lane["sequence"] for lane in lanes]}


async def consumed(system: System) -> list[int]:
    """Goes on a little after all is done: what was sent on to its own lane before a commit that failed comes twice."""
    return [lane["consumed"] for lane in await system.lanes("command", "users.commands")]


async def owned_by(system: System, worker: Worker) -> list[int]:
    """Wait until a worker owns every lane of the users, not only as many of all contexts; the lanes' epochs."""

    async def owned() -> bool:
        lanes = await system.lanes("command", "users.commands")
        return len(lanes) == LANES and all((lane["owner"] or "").endswith(f"/{worker.process.pid}") for lane in lanes)

    await until(owned, f"every lane of the users is owned by {worker.process.pid}", seconds=60)
    return [lane["epoch"] for lane in await system.lanes("command", "users.commands")]


@pytest.mark.timeout(240)
async def test_writes_nothing_more_when_it_wakes(system: System) -> None:
    for role in ("saga", "projection"):
        await system.worker(role)
    paused = await system.worker("command")
    owned = await owned_by(system, paused)
    sent = list(create_users(COMMANDS))
    system.send(sent)
    await system.handled(1000)
    paused.signal(signal.SIGSTOP)
    at_pause = await system.value("SELECT count(*) FROM annals.events WHERE type = 'UserCreated'")
    assert 0 < at_pause < COMMANDS, "paused in the middle of its work"

    successor = await system.worker("command")
    taken = await owned_by(system, successor)
    assert all(after > before for after, before in zip(taken, owned, strict=True)), "every lane has changed hands"
    await system.handled(2 * COMMANDS)
    await system.settled()
    before, read_to = await written(system), await consumed(system)
    assert "lane lost to another worker" not in paused.log()
    paused.signal(signal.SIGCONT)

    async def back_in_the_group() -> bool:
        return "lanes assigned" in paused.log().partition("lanes revoked")[2]

    await until(back_in_the_group, "the woken worker noticed, gave up its lanes and joined again", seconds=60)
    assert "lane lost to another worker" in paused.log(), "it was refused where it had wanted to go on"
    assert await written(system) == before
    assert all(now >= then for now, then in zip(await consumed(system), read_to, strict=True)), "a lane went back"
    await audit(system, sent)
    assert await paused.stop() == 0
    assert await successor.stop() == 0
