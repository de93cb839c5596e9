"""The audit of a soak counts commands that were lost, failed or repeated."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.measuring.soak.audit import Auditor
from infra.processes.resources import database_for
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.sent_commands import create_user
from tests.system import System, running_system

OUTCOME = """
INSERT INTO annals.commands (command_id, type, context, stream_id, status, stream_version, partition, sequence,
                             event_count, handled_at)
VALUES ($1, 'users.CreateUser.v1', 'users', $2, $3, 0, 0, 0, 0, now())
"""
EVENT = """
INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type, schema_version,
                           data, command_id, correlation_id, causation_id, recorded_at)
VALUES ('users', 0, $1, $2, $3, gen_random_uuid(), $4, 1, '{}', $5, '', '', now())
"""


class AuditedTable:
    """A table whose rows the test writes, and the file of the command ids that Kafka acknowledged."""

    def __init__(self, system: System, auditor: Auditor, file: Path) -> None:
        self.auditor = auditor
        self.system = system
        self.file = file
        self._sequence = 0

    async def command(self, status: str | None) -> str:
        """Add an acknowledged command with this outcome, or without one."""
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
async def table(settings: Settings, tmp_path: Path) -> AsyncIterator[AuditedTable]:
    async with running_system(settings, tmp_path) as system:
        database = database_for(settings, role=None, connections=1)
        await database.open()
        file = tmp_path / "acknowledged"
        file.touch()
        try:
            models = RedisReadModels(system.redis, Keys(settings.topic_prefix))
            yield AuditedTable(system, Auditor(settings, database, models, file), file)
        finally:
            await database.close()


async def test_counts_each_command_once_by_its_outcome(table: AuditedTable) -> None:
    for status in ("accepted", "accepted", "rejected"):
        await table.command(status)
    again = await table.command("accepted")
    table.file.write_bytes(table.file.read_bytes() + uuid.UUID(again).bytes)
    audit = await table.auditor.audit(at_rest=True)
    assert (audit.acknowledged, audit.accepted, audit.rejected) == (4, 3, 1)
    assert (audit.failed, audit.lost, audit.repeated, audit.dead_letters, audit.examples) == (0, 0, 0, 0, [])


async def test_names_commands_that_were_lost_or_failed(table: AuditedTable) -> None:
    await table.command("accepted")
    lost, failed = await table.command(None), await table.command("failed")
    audit = await table.auditor.audit(at_rest=True)
    assert (audit.lost, audit.failed) == (1, 1)
    assert sorted(audit.examples) == sorted([f"command {lost}: no outcome", f"command {failed}: failed"])


async def test_names_commands_that_were_handled_twice(table: AuditedTable) -> None:
    twice, once, welcome, again = [await table.command("accepted") for _ in range(4)]
    await table.event(twice, "ada", 1, "UserCreated")
    await table.event(twice, "ada", 2, "UserUpdated")
    await table.event(once, "grace", 1, "UserCreated")
    await table.event(welcome, "grace", 2, "UserWelcomed")
    await table.event(again, "grace", 3, "UserWelcomed")
    audit = await table.auditor.audit(at_rest=True)
    assert audit.repeated == 2
    assert audit.examples == [f"command {twice}: 2 events", "user grace: welcomed 2 times"]


async def test_the_system_is_not_at_rest_while_a_command_waits_on_its_topic(table: AuditedTable) -> None:
    assert await table.auditor.rest(seconds=20)
    table.system.send([create_user()])
    assert not await table.auditor.rest(seconds=1)
