"""Where the demo plays: commands go out over Kafka, and what they lead to is followed in the table, as it happens.

A part of the story has a correlation id of its own; all that shares it is told once, in the order of time. Every wait
has a bound.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from contracts.client.command_client import CommandClient
from contracts.envelope import rfc3339
from contracts.message import Command
from contracts.outcome import Outcome
from infra.cli.table import event_table
from infra.kafka.commands import command_client
from infra.locating import located
from infra.measuring.demo.telling import Teller
from infra.postgres.history import PostgresHistory
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.core.saga import DeadlinePassed
from workers.ports.event_store import EventRow, OutcomeRow
from workers.ports.history import Correlated, Notice

SOURCE = "/annals/demo"
WAIT_SECONDS = 20.0
LOOK_INTERVAL_SECONDS = 0.05
MAX_ROWS = 1000

Condition = Callable[[Correlated], bool]
Happened = tuple[datetime, str, Callable[[], None]]
"""When, an id, and how it is told."""


class NobodyAnswers(Exception):
    """Commands get into the log, and nothing comes of them."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Nothing came of {what} within {WAIT_SECONDS:g} s. Are all workers running? Start them with `annals up`."
        )


class Stage:
    """One run of the demo on a running system."""

    def __init__(self, client: CommandClient, database: Database, settings: Settings, teller: Teller) -> None:
        self.database = database
        self.settings = settings
        self.teller = teller
        self._client = client
        self._history = PostgresHistory(database)
        self._told: set[str] = set()

    async def send(self, command: Command, correlation_id: str) -> Outcome:
        """Show a command, send it and wait for its outcome. Raises NobodyAnswers or a ClientError."""
        self.teller.command(command)
        return await self.ask(command, correlation_id)

    async def ask(self, command: Command, correlation_id: str) -> Outcome:
        """The same without showing it."""
        outcome = await self._client.ask(command, wait_seconds=WAIT_SECONDS, correlation_id=correlation_id)
        if outcome is None:
            raise NobodyAnswers(command.type)
        self.teller.outcome(outcome)
        return outcome

    async def post(self, command: Command, correlation_id: str) -> str:
        """Show a command and send it without waiting for an outcome; returns its id."""
        self.teller.command(command)
        return await self._client.send(command, correlation_id=correlation_id)

    async def follow(self, correlation_id: str, until: Condition) -> Correlated:
        """Tell what happens under this correlation id until the condition holds and no step is without an outcome.
        Raises NobodyAnswers.
        """
        async for found in self._looks(correlation_id):
            if until(found) and not _pending(found):
                return found
        raise NobodyAnswers(f"the request {correlation_id}")

    async def happens(self, correlation_id: str, until: Condition) -> Correlated:
        """The same, but the condition is enough. Raises NobodyAnswers."""
        async for found in self._looks(correlation_id):
            if until(found):
                return found
        raise NobodyAnswers(f"the request {correlation_id}")

    async def _looks(self, correlation_id: str) -> AsyncIterator[Correlated]:
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_SECONDS
        while True:
            found = await self._history.correlated(correlation_id, MAX_ROWS)
            self._tell(found)
            yield found
            if loop.time() > end:
                return
            await asyncio.sleep(LOOK_INTERVAL_SECONDS)

    def _tell(self, found: Correlated) -> None:
        """Whatever is new, in the order of time."""
        steps = {step.command_id: step.saga for step in found.steps}
        happened = [self._event(row) for row in found.events]
        happened += [self._rejection(row, steps[row.command_id]) for row in found.commands if _is_refused(row, steps)]
        happened += [self._notice(each) for each in found.notices if each.type == DeadlinePassed.type]
        for _, identity, tell in sorted(happened, key=lambda each: each[0]):
            if identity not in self._told:
                self._told.add(identity)
                tell()

    def _event(self, row: EventRow) -> Happened:
        data = {name: value for name, value in json.loads(row.data).items() if value != row.stream_id}
        stream = f"{row.stream_id}@{row.stream_version}"
        told = (rfc3339(row.recorded_at), f"{row.context}.{row.type}", stream, data)
        return row.recorded_at, row.event_id, partial(self.teller.event, *told)

    def _rejection(self, row: OutcomeRow, saga: str) -> Happened:
        code = json.loads(row.outcome)["error"]["code"]
        told = (rfc3339(row.handled_at), saga, row.type, row.stream_id, row.status, code)
        return row.handled_at, row.command_id, partial(self.teller.step, *told)

    def _notice(self, notice: Notice) -> Happened:
        deadline = json.loads(notice.data)["deadline"]
        told = (rfc3339(notice.recorded_at), f"{notice.saga}/{notice.instance_id}", f"the deadline {deadline} passed")
        return notice.recorded_at, notice.event_id, partial(self.teller.notice, *told)


def _is_refused(row: OutcomeRow, steps: Mapping[str, str]) -> bool:
    return row.status != "accepted" and row.command_id in steps


def _pending(found: Correlated) -> bool:
    return bool({step.command_id for step in found.steps} - {row.command_id for row in found.commands})


@asynccontextmanager
async def stage(settings: Settings, teller: Teller) -> AsyncIterator[Stage]:
    """The stage on the running system. Raises StackNotRunning, KafkaUnavailable or Unavailable."""
    found = located(settings)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would say, the one sentence at the end says
    client = command_client(found, source=SOURCE, delivery_timeout_seconds=10.0, max_outstanding=100)
    async with event_table(found) as database, client:
        await client.check()
        yield Stage(client, database, found, teller)
