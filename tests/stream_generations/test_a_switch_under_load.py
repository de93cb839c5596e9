"""A context in use is switched: no command is lost or repeated, and who reads the log goes on where it was."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.client.services.into_sqlite import IntoSqlite
from tests.client.services.runs import consumer_for, running
from tests.sent_commands import Sent, create_users
from tests.stream_generations.test_a_context_is_copied_and_switched import ran, read_model_is_renewed
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until
from tests.warm.process import start

PART = 25
TRANSFORM = "tests.stream_generations.transforms:slowly"


class Load:
    """Users that are created all the time."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.sent: list[Sent] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._send())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _send(self) -> None:
        while True:
            users = create_users(PART)
            await asyncio.to_thread(self.system.send, users)
            self.sent += users
            await asyncio.sleep(0.2)

    async def accepted(self) -> int:
        ids = [sent.command_id for sent in self.sent]
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) AND status = 'accepted'"
        return int(await self.system.value(query, ids))


async def killed_while_it_copies(system: System) -> None:
    """`annals streams copy`, killed once it has copied something."""
    arguments = ("streams", "copy", "users", "--transform", TRANSFORM)
    process = await start("infra.cli.main", *arguments, env=os.environ | system.settings.environment())
    begun = "SELECT count(*) FROM annals.copied_lanes"

    async def copies() -> bool:
        return bool(await system.value(begun))

    await until(copies, "the copy has begun", seconds=60)
    process.kill()
    await process.wait()


@pytest.mark.timeout(300)
async def test_loses_and_repeats_nothing(system: System, tmp_path: Path) -> None:
    workers = [await system.worker(role) for role in ("command", "command", "projection")]
    saga = await system.worker("saga")
    load, service = Load(system), IntoSqlite(str(tmp_path / "service.sqlite"))
    async with running(consumer_for(system.settings, load=service.load), service.handle) as reading:
        async with load.running():
            await system.handled(200)
            await killed_while_it_copies(system)
            await saga.kill()  # its lanes are behind at the switch
            await ran(system, "streams", "copy", "users", "--transform", TRANSFORM)
            assert await system.value("SELECT count(*) FROM annals.stream_generations") == 1, (
                "it went on with the first"
            )
            switched = await ran(system, "streams", "switch", "users", "--reason", "under load")
            assert switched["live"] == 1
            before = len(load.sent)
            await system.worker("saga")
            await until(lambda: _more(load, before), "commands go on", seconds=30)

        async def all_accepted() -> bool:
            return await load.accepted() == len(load.sent)

        await until(all_accepted, "every command is accepted, once", seconds=90, every=0.3)
        await system.settled()
        events = await system.value("SELECT count(*) FROM annals.events WHERE context = 'users'")
        assert events == 2 * len(load.sent)

        async def all_read() -> bool:
            return bool(service.database.execute("SELECT count(*) FROM seen").fetchone()[0] >= events)

        await until(all_read, "the other service has read every event", seconds=60, every=0.3)
        assert not reading.done()
    lanes = service.database.execute("SELECT partition, sequence FROM seen ORDER BY number").fetchall()
    for partition in {lane for lane, _ in lanes}:
        sequences = [sequence for lane, sequence in lanes if lane == partition]
        assert sequences == list(range(1, len(sequences) + 1)), "each once, in order"
    await read_model_is_renewed(system)
    code, verdict = await verified(system)
    assert code == 0, verdict
    for worker in workers:
        assert "bug" not in worker.log()


async def _more(load: Load, before: int) -> bool:
    return len(load.sent) > before + 2 * PART
