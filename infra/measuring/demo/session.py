"""One run of the demo on a running system: it sends commands over Kafka and follows what they lead to in the table.

Each part of the demo has a correlation id of its own; whatever carries that id is shown once, in the order of time.
Every wait has a bound.
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
from contracts.identity import IdentitySource
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from infra.kafka.commands import command_client
from infra.measuring.demo.narrator import Narrator
from infra.postgres.history import PostgresHistory
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.core.saga import DeadlinePassed
from workers.ports.event_store import EventRow
from workers.ports.history import Correlated, Notice
from workers.ports.outcomes import OutcomeRow

SOURCE = "/annals/demo"
WAIT_SECONDS = 20.0
LOOK_INTERVAL_SECONDS = 0.05
MAX_ROWS = 1000

Condition = Callable[[Correlated], bool]
Happening = tuple[datetime, str, Callable[[], None]]
"""The time of something new, its id, and the call that shows it."""


class NobodyAnswers(Exception):
    """Commands get into the log, and no worker handles them."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Nothing came of {what} within {WAIT_SECONDS:g} s. Are all workers running? Start them with `annals up`."
        )


class DemoSession:
    """Sends commands and shows what they lead to."""

    def __init__(self, client: CommandClient, database: Database, settings: Settings, narrator: Narrator) -> None:
        self.database = database
        self.settings = settings
        self.narrator = narrator
        self._client = client
        self._history = PostgresHistory(database)
        self._shown: set[str] = set()

    async def ask(self, command: Command, correlation_id: str) -> Outcome:
        """Show a command, send it and wait for its outcome. Raises NobodyAnswers or a ClientError."""
        self.narrator.command(command)
        outcome = await self._client.ask(command, wait_seconds=WAIT_SECONDS, correlation_id=correlation_id)
        if outcome is None:
            raise NobodyAnswers(command.type)
        self.narrator.outcome(outcome)
        return outcome

    async def send(self, command: Command, correlation_id: str) -> str:
        """Show a command and send it without waiting for an outcome; returns its id."""
        self.narrator.command(command)
        return await self._client.send(command, correlation_id=correlation_id)

    async def follow(self, correlation_id: str, until: Condition) -> Correlated:
        """Show what happens under this correlation id until the condition holds and every step has an outcome.

        Raises NobodyAnswers.
        """
        return await self.follow_at_least(
            correlation_id, lambda correlated: until(correlated) and not _has_pending_steps(correlated)
        )

    async def follow_at_least(self, correlation_id: str, until: Condition) -> Correlated:
        """The same, but only until the condition holds. Raises NobodyAnswers."""
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_SECONDS
        while loop.time() <= end:
            correlated = await self._history.correlated(correlation_id, MAX_ROWS)
            self._show_new(correlated)
            if until(correlated):
                return correlated
            await asyncio.sleep(LOOK_INTERVAL_SECONDS)
        raise NobodyAnswers(f"the request {correlation_id}")

    def _show_new(self, correlated: Correlated) -> None:
        """Show what has not been shown yet, in the order of time."""
        sagas = {step.command_id: step.saga for step in correlated.steps}
        happenings = [self._event(row) for row in correlated.events]
        happenings += [
            self._rejected_step(row, sagas[row.command_id])
            for row in correlated.commands
            if _is_rejected_step(row, sagas)
        ]
        happenings += [self._notice(notice) for notice in correlated.notices if notice.type == DeadlinePassed.type]
        for _, identity, show in sorted(happenings, key=lambda happening: happening[0]):
            if identity not in self._shown:
                self._shown.add(identity)
                show()

    def _event(self, row: EventRow) -> Happening:
        data = {name: value for name, value in json.loads(row.data).items() if value != row.stream_id}
        stream = f"{row.stream_id}@{row.stream_version}"
        facts = (rfc3339(row.recorded_at), f"{row.context}.{row.type}", stream, data)
        return row.recorded_at, row.event_id, partial(self.narrator.event, *facts)

    def _rejected_step(self, row: OutcomeRow, saga: str) -> Happening:
        code = row.error_code
        facts = (rfc3339(row.handled_at), saga, row.type, row.stream_id, row.status, code)
        return row.handled_at, row.command_id, partial(self.narrator.rejected_step, *facts)

    def _notice(self, notice: Notice) -> Happening:
        deadline = json.loads(notice.data)["deadline"]
        facts = (rfc3339(notice.recorded_at), f"{notice.saga}/{notice.instance_id}", f"the deadline {deadline} passed")
        return notice.recorded_at, notice.event_id, partial(self.narrator.notice, *facts)


def _is_rejected_step(row: OutcomeRow, sagas: Mapping[str, str]) -> bool:
    return row.status != "accepted" and row.command_id in sagas


def _has_pending_steps(correlated: Correlated) -> bool:
    return bool({step.command_id for step in correlated.steps} - {row.command_id for row in correlated.commands})


@asynccontextmanager
async def open_session(
    settings: Settings, database: Database, narrator: Narrator, identities: IdentitySource | None, sender: Principal
) -> AsyncIterator[DemoSession]:
    """A session on the running system, for located settings. Raises KafkaUnavailable."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the one sentence at the end says what it would log
    client = command_client(
        settings,
        source=SOURCE,
        delivery_timeout_seconds=10.0,
        max_outstanding=100,
        identities=identities,
        principal=sender,
    )
    async with client:
        await client.check()
        yield DemoSession(client, database, settings, narrator)
