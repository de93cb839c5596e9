"""What benchmarks and soaks ask the database: counts, times, and what must not be there."""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from infra.postgres.bare_table import BareTable
from infra.postgres.lists import listed
from infra.postgres.pool import Database

RAW_VALUE_CHARACTERS = 300
RAW_ROWS = 50_000
RAW_ROWS_A_TRANSACTION = 500


class CommandStatus(NamedTuple):
    """A command and the status of its outcome; None: it has none."""

    command_id: str
    status: str | None


class CommandEvents(NamedTuple):
    """A command and how many events it led to."""

    command_id: str
    events: int


class StreamEvents(NamedTuple):
    """A stream and how many events of one type it has."""

    stream_id: str
    events: int


class RequestTimes(NamedTuple):
    """How many requests had both events, the milliseconds from one to the other, and the seconds from the first
    beginning to the last end.
    """

    pairs: int
    p50: float
    p99: float
    highest: float
    seconds: float


class Measurements:
    """Every method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def events_assigned(self) -> int:
        """How many sequences all lanes of commands have assigned: the number of events."""
        count: int = await self._database.value("events_assigned")
        return count

    async def events_applied_by_sagas(self) -> int:
        """How many events all lanes of sagas have applied or passed over."""
        count: int = await self._database.value("events_applied_by_sagas")
        return count

    async def now(self) -> datetime:
        """The database's clock."""
        return await self._database.now()

    async def statuses(self, command_ids: Sequence[str]) -> Sequence[CommandStatus]:
        """The status of each of these commands."""
        return [CommandStatus(**row) for row in await self._database.rows("statuses", listed(command_ids))]

    async def commands_with_several_events(self, context: str, partition: int) -> Sequence[CommandEvents]:
        """Commands that led to more than one event, a thousand at most."""
        rows = await self._database.rows("commands_with_several_events", context, partition)
        return [CommandEvents(**row) for row in rows]

    async def streams_with_several(self, context: str, partition: int, event_type: str) -> Sequence[StreamEvents]:
        """Streams that have more than one event of this type (the bare name), a thousand at most."""
        rows = await self._database.rows("streams_with_several", context, partition, event_type)
        return [StreamEvents(**row) for row in rows]

    async def has_steps_without_outcome(self) -> bool:
        """Whether the command of any saga's step has no outcome yet."""
        has_steps: bool = await self._database.value("has_steps_without_outcome")
        return has_steps

    async def times_between(self, begin: tuple[str, str], end: tuple[str, str], since: datetime) -> RequestTimes:
        """The times from one event to another of the same request, for requests that began since then. Each event is
        given by its context and bare name.
        """
        row = await self._database.row("times_between", *begin, *end, since)
        assert row is not None, "an aggregate has a row"
        return RequestTimes(**row)

    async def end_sessions(self) -> None:
        """End every session of Annals in this database but the one that asks, whatever it is doing."""
        await self._database.run("end_sessions")

    async def make_bare_table(self) -> None:
        """Make the table of the latency's floor. The account must own the database."""
        await BareTable(self._database).create()

    async def raw_insert_rate(self) -> float:
        """Rows/s into a plain table (a uuid key and 300 characters of text), one connection, a transaction each 500
        rows. The account must own the database.
        """
        async with self._database.connection() as connection:
            await connection.execute("CREATE TABLE public.raw_rate (id uuid PRIMARY KEY, data text NOT NULL)")
            statement = "INSERT INTO public.raw_rate SELECT * FROM unnest($1::uuid[], $2::text[])"
            texts = ["x" * RAW_VALUE_CHARACTERS] * RAW_ROWS_A_TRANSACTION
            started = time.perf_counter()
            for _ in range(RAW_ROWS // RAW_ROWS_A_TRANSACTION):
                await connection.execute(statement, [uuid.uuid4() for _ in texts], texts)
            rate = RAW_ROWS / (time.perf_counter() - started)
            await connection.execute("DROP TABLE public.raw_rate")
        return rate
