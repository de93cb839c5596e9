"""The audit of a soak sees what it is there to see: commands lost, failed and repeated."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.measuring.soak.audit import Auditor
from infra.processes.resources import database_for
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.system import System, create_user, running_system

OUTCOME = """
INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence, correlation_id,
                             causation_id, handled_at, outcome)
VALUES ($1, 'users.CreateUser.v1', 'users', $2, $3, 0, 0, '', '', now(), '{}')
"""
EVENT = """
INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type, schema_version,
                           data, command_id, correlation_id, causation_id, recorded_at)
VALUES ('users', 0, $1, $2, $3, gen_random_uuid(), $4, 1, '{}', $5, '', '', now())
"""


class Books:
    """A table written by hand, and the ids that Kafka is said to have acknowledged."""

    def __init__(self, system: System, auditor: Auditor, file: Path) -> None:
        self.auditor = auditor
        self.system = system
        self.file = file
        self._sequence = 0

    async def command(self, status: str | None) -> str:
        """An acknowledged command with this outcome, or none."""
        command_id = str(uuid.uuid4())
        with self.file.open("ab") as file:
            file.write(uuid.UUID(command_id).bytes)
        if status is not None:
            await self.system.database.execute(OUTCOME, command_id, f"stream-of-{command_id}", status)
        return command_id

    async def event(self, command_id: str, stream_id: str, version: int, type_: str) -> None:
        self._sequence += 1
        await self.system.database.execute(EVENT, self._sequence, stream_id, version, type_, command_id)


@pytest_asyncio.fixture
async def books(settings: Settings, tmp_path: Path) -> AsyncIterator[Books]:
    async with running_system(settings, tmp_path) as system:
        database = database_for(settings, role=None, connections=1)
        await database.open()
        file = tmp_path / "acknowledged"
        file.touch()
        try:
            models = RedisReadModels(system.redis, Keys(settings.topic_prefix))
            yield Books(system, Auditor(settings, database, models, file), file)
        finally:
            await database.close()


async def test_counts_each_command_once_by_its_outcome(books: Books) -> None:
    for status in ("accepted", "accepted", "rejected"):
        await books.command(status)
    again = await books.command("accepted")
    books.file.write_bytes(books.file.read_bytes() + uuid.UUID(again).bytes)
    found = await books.auditor.audit(at_rest=True)
    assert (found.acknowledged, found.accepted, found.rejected) == (4, 3, 1)
    assert (found.failed, found.lost, found.repeated, found.dead_letters, found.examples) == (0, 0, 0, 0, [])


async def test_names_what_was_lost_and_what_failed(books: Books) -> None:
    await books.command("accepted")
    lost, failed = await books.command(None), await books.command("failed")
    found = await books.auditor.audit(at_rest=True)
    assert (found.lost, found.failed) == (1, 1)
    assert sorted(found.examples) == sorted([f"command {lost}: no outcome", f"command {failed}: failed"])


async def test_names_what_was_done_twice(books: Books) -> None:
    twice, once, welcome, again = [await books.command("accepted") for _ in range(4)]
    await books.event(twice, "ada", 1, "UserCreated")
    await books.event(twice, "ada", 2, "UserUpdated")
    await books.event(once, "grace", 1, "UserCreated")
    await books.event(welcome, "grace", 2, "UserWelcomed")
    await books.event(again, "grace", 3, "UserWelcomed")
    found = await books.auditor.audit(at_rest=True)
    assert found.repeated == 2
    assert found.examples == [f"command {twice}: 2 events", "user grace: welcomed 2 times"]


async def test_there_is_no_rest_while_a_command_waits_on_its_topic(books: Books) -> None:
    assert await books.auditor.rest(seconds=20)
    books.system.send([create_user()])
    assert not await books.auditor.rest(seconds=1)
