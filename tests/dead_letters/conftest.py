"""One running system whose command worker has a bug that comes and goes (broken_worker.py)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from infra.kafka.log_reader import LogReader
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.pool import Database
from infra.settings import Settings
from tests.sent_commands import Sent
from tests.servers import Servers, isolated_environment
from tests.system import Ran, System, running_system
from tests.waiting import until
from workers.operations.dead_letters.choosing import LetterFilters
from workers.operations.dead_letters.reading import DeadLetters


def url_of(settings: Settings) -> str:
    """Where the table is."""
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


class Desk:
    """What an operator has: the command line; and, for the tests, the bug."""

    def __init__(self, system: System, bugs: Path, reader: DeadLetters) -> None:
        self.system = system
        self._bugs = bugs
        self._reader = reader

    def break_(self, first_name: str) -> None:
        """From now on deciding about a new user of this name raises."""
        (self._bugs / first_name).touch()

    def fix(self, first_name: str) -> None:
        (self._bugs / first_name).unlink()

    async def dlq(self, *arguments: str) -> Ran:
        """`annals dlq …`."""
        return await self.system.annals("dlq", *arguments)

    async def listed(self, *arguments: str) -> list[dict[str, Any]]:
        """The letters that `annals dlq list` shows."""
        ran = await self.dlq("list", "--json", *arguments)
        assert ran.code == 0, ran.errors
        letters: list[dict[str, Any]] = ran.json()["letters"]
        return letters

    async def new_letter(self, stream_id: str) -> str:
        """Wait for the only open letter of a stream; returns its id."""

        async def open_letters() -> list[str]:
            return await self._open_letters(stream_id)

        (letter,) = await until(open_letters, f"{stream_id} has an open letter")
        return letter

    async def _open_letters(self, stream_id: str) -> list[str]:
        """As `list` finds them, without the start of a process for each look."""
        topic = self.system.topic("users.commands")
        batches = self._reader.matching(topic, LetterFilters(stream_id=stream_id), "open")
        return [str(status.letter.position) async for batch in batches for status in batch]

    async def letter_of(self, sent: Sent) -> str:
        """Send what will become a dead letter; returns the letter's id."""
        self.system.send([sent])
        return await self.new_letter(sent.stream_id)

    async def failed(self, sent: Sent, first_name: str) -> str:
        """Have a command fail, and fix the bug; returns the letter's id."""
        self.break_(first_name)
        letter = await self.letter_of(sent)
        await self.handled(sent.command_id)
        self.fix(first_name)
        return letter

    async def handled(self, command_id: str) -> None:
        """Wait until there is an outcome: a letter is written before it."""

        async def stored() -> bool:
            query = "SELECT count(*) FROM annals.commands WHERE command_id = $1"
            return bool(await self.system.value(query, command_id))

        await until(stored, f"{command_id} is handled")

    async def causation_of(self, stream_id: str) -> list[tuple[str, str, str]]:
        """Command id, causation id and status of the commands to a stream, in order."""
        query = (
            "SELECT command_id::text, causation_id, status FROM annals.outcomes WHERE stream_id = $1 "
            "AND type LIKE 'users.CreateUser%' ORDER BY handled_at"
        )
        return [tuple(row) for row in await self.system.database.fetch(query, stream_id)]


@pytest_asyncio.fixture(scope="module")
async def desk(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A system with a command worker; the tests use streams of their own."""
    folder = tmp_path_factory.mktemp("dlq")
    bugs = folder / "bugs"
    bugs.mkdir()
    async with isolated_environment(servers, folder / "home") as settings, running_system(settings, folder) as system:
        worker = await system.worker("command", entry=("tests.dead_letters.broken_worker", str(bugs)))
        await system.holding(worker, lanes=settings.partitions)
        database = Database(url_of(settings), role="annals_reader", connections=1)
        await database.open()
        log = LogReader(settings)
        try:
            yield Desk(system, bugs, DeadLetters(log, PostgresInterventions(database), ()))
        finally:
            await log.stop()
            await database.close()
