"""A worker is paused past its session, replaced and resumed: it writes no more.

It may be refused at a commit first, or learn first that it is out of the group.
"""

import signal
from typing import Any

import pytest

from tests.audit import audit
from tests.sent_commands import create_users
from tests.system import System
from tests.waiting import until
from tests.worker_process import Worker

COMMANDS = 20_000
LANES = 6

# A checksum over the rows of each table that a command worker writes.
CONTENTS = {
    table: f"SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM annals.{table} AS t"  # noqa: S608
    for table in ("events", "commands", "unique_claims", "credentials", "snapshots", "step_rejections")
}


async def written(system: System) -> dict[str, Any]:
    """The checksums of the tables, and the last sequence of each lane."""
    checksums = {table: await system.value(query) for table, query in CONTENTS.items()}
    lanes = await system.lanes("command", "users.commands")
    return {**checksums, "sequences": [lane["sequence"] for lane in lanes]}


async def consumed(system: System) -> list[int]:
    """The position of each lane. It may still grow at rest: a command forwarded before a failed commit comes twice."""
    return [lane["consumed"] for lane in await system.lanes("command", "users.commands")]


async def owned_by(system: System, worker: Worker) -> list[int]:
    """Wait until a worker owns every lane of the context users; return the lanes' epochs."""

    async def owned() -> bool:
        lanes = await system.lanes("command", "users.commands")
        return len(lanes) == LANES and all((lane["owner"] or "").endswith(f"/{worker.process.pid}") for lane in lanes)

    await until(owned, f"every lane of the users is owned by {worker.process.pid}", seconds=60)
    return [lane["epoch"] for lane in await system.lanes("command", "users.commands")]


@pytest.mark.timeout(240)
async def test_writes_nothing_more_when_it_is_resumed(system: System) -> None:
    for role in ("saga", "projection"):
        await system.worker(role)
    paused = await system.worker("command")
    epochs = await owned_by(system, paused)
    sent = list(create_users(COMMANDS))
    system.send(sent)
    await system.handled(1000)
    paused.signal(signal.SIGSTOP)
    at_pause = await system.value("SELECT count(*) FROM annals.events WHERE type = 'UserCreated'")
    assert 0 < at_pause < COMMANDS, "paused in the middle of its work"

    successor = await system.worker("command")
    new_epochs = await owned_by(system, successor)
    assert all(after > before for after, before in zip(new_epochs, epochs, strict=True)), "every lane has a new owner"
    await system.handled(2 * COMMANDS)
    await system.settled()
    before, read_to = await written(system), await consumed(system)
    paused.signal(signal.SIGCONT)

    async def back_in_the_group() -> bool:
        return "lanes assigned" in paused.log().partition("lanes revoked")[2]

    await until(back_in_the_group, "the resumed worker gave up its lanes and joined again", seconds=60)
    assert await written(system) == before
    assert all(now >= then for now, then in zip(await consumed(system), read_to, strict=True)), "a lane went back"
    await audit(system, sent)
    assert await paused.stop() == 0
    assert await successor.stop() == 0
