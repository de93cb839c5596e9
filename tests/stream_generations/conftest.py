"""A database with recorded users, their generations, and what operations need."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import asyncpg
import pytest_asyncio

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.stream_generations import PostgresStreamGenerations
from infra.settings import Settings
from workers.domain import contexts
from workers.operations.interventions import Operator
from workers.operations.stream_generations.comparing import StreamComparison, compare
from workers.operations.stream_generations.copying import Copying, copy, next_generation
from workers.operations.stream_generations.switching import Switched, SwitchRefused, switch
from workers.ports.interventions import Reason
from workers.ports.lanes import Unavailable
from workers.ports.log import TopicState
from workers.ports.stream_generations import StreamGeneration

LANES = 2
WRITE = """
INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type, schema_version,
                           data, command_id, correlation_id, causation_id, recorded_at)
SELECT 'users', $1::integer, number, id, 2 - number % 2, gen_random_uuid(),
       CASE number % 2 WHEN 1 THEN 'UserCreated' ELSE 'UserWelcomed' END, 1,
       CASE number % 2
            WHEN 1 THEN jsonb_build_object('user_id', id, 'first_name', 'Ada', 'last_name', 'L', 'city', 'London',
                                           'email', number || '@example.org')
            ELSE jsonb_build_object('user_id', id)
       END, gen_random_uuid(), 'a-request', 'a-cause', now()
  FROM generate_series($2::bigint, $3::bigint) AS number
 CROSS JOIN LATERAL (SELECT 'user-' || $1::integer || '-' || (number + 1) / 2 AS id) AS stream
"""
LANE = """
INSERT INTO annals.lanes (role, topic, partition, sequence, owner)
VALUES ('command', 'users.commands', $1, $2, 'a worker')
    ON CONFLICT (role, topic, partition) DO UPDATE SET sequence = $2
"""


class LogOnScript:
    """Stands for the topic of events, whose brokers may be away."""

    name, partitions = "users.events", LANES

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.faults: list[str] = []

    def _step(self, step: str) -> None:
        if self.faults and self.faults[0] == step:
            self.faults.pop(0)
            raise Unavailable("Kafka", "away for the test")
        self.steps.append(step)

    async def state(self) -> TopicState | None:
        exists = not self.steps or self.steps[-1] != "delete"
        return TopicState("an id", LANES) if exists else None

    async def delete(self) -> None:
        self._step("delete")

    async def create(self) -> TopicState:
        self._step("create")
        return TopicState("another id", LANES)


class Users(NamedTuple):
    """The users of one database, as operators and as workers see them."""

    database: Database
    onlooker: Any
    generations: PostgresStreamGenerations
    log: LogOnScript

    async def record(self, events: int) -> None:
        """So many more events in each lane: users, each of whom is welcomed."""
        for partition in range(LANES):
            last = await self.onlooker.fetchval(
                "SELECT coalesce(max(sequence), 0) FROM annals.events WHERE partition = $1", partition
            )
            await self.onlooker.execute(WRITE, partition, last + 1, last + events)
            await self.onlooker.execute(LANE, partition, last + events)

    async def copy(self, transform: Any, *, name: str = "", fresh: bool = False) -> StreamGeneration:
        copying = copying_by(transform, name)
        generation = await next_generation(self.generations, "users", copying, fresh=fresh)
        return await copy(self.generations, generation, transform, stored_events())

    async def compare(self, other: int) -> StreamComparison:
        live = (await self.generations.live("users")).number
        decider = contexts()["users"].decider
        return await compare(self.generations, "users", live, other, decider, stored_events(), samples=3)

    async def switch(self, transform: Any = None, *, name: str = "", back: bool = False) -> Switched:
        def copying_of(generation: StreamGeneration) -> Copying:
            if copying_by(transform, name).fingerprint != generation.fingerprint:
                raise SwitchRefused("another function")
            return copying_by(transform, name)

        operator = Operator(PostgresInterventions(self.database), "the tests", Reason("a test"))
        log: Any = self.log
        return await switch(self.generations, "users", operator, copying_of, stored_events(), log, back=back)

    async def cities(self) -> set[str]:
        """As the live generation has them, of all events."""
        rows = [
            row
            for partition in range(LANES)
            for row in await PostgresEventStore(self.database).events_after("users", partition, 0, 1000)
        ]
        cities = (stored_events().read(f"users.{row.type}.v{row.schema_version}", row.data)[0] for row in rows)
        return {event.city for event in cities if hasattr(event, "city")}


def copying_by(transform: Any, name: str = "") -> Copying:
    name = name or transform.__name__
    return Copying(transform, name, name)


@pytest_asyncio.fixture
async def users(settings: Settings) -> AsyncIterator[Users]:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await migrate(url)
    database = Database(url, role="annals_audit", connections=2)
    await database.open()
    onlooker = await asyncpg.connect(url, timeout=10)
    try:
        yield Users(database, onlooker, PostgresStreamGenerations(database, Topics("")), LogOnScript())
    finally:
        await onlooker.close(timeout=10)
        await database.close()
