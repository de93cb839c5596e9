"""Has the system recovered? After each fault the probe creates one new user per lane and waits for all three roles: the
command is accepted, the card can be read, the saga has welcomed the user. A lane that no worker serves answers late.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from contracts.client.command_client import CommandClient
from contracts.client.errors import KafkaUnavailable
from contracts.partitioner import partition_for
from contracts.users.commands import CreateUser
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.pool import Database
from infra.redis.read_models import RedisReadModels
from workers.ports.lanes import Unavailable

DEADLINE_SECONDS = 90.0
ANSWER_SECONDS = 5.0
POLL_SECONDS = 0.1
MAX_EVENTS = 10


class Recovery(NamedTuple):
    """Seconds from the end of a fault until the last lane had recovered: for the command role, the projection and the
    saga.
    """

    accepted_seconds: float
    readable_seconds: float
    welcomed_seconds: float

    @property
    def seconds(self) -> float:
        """Until all three roles had recovered."""
        return max(self)


class Probe:
    """Measures recoveries. `acknowledged` is called with the id of each probe command that Kafka has acknowledged."""

    def __init__(
        self,
        client: CommandClient,
        database: Database,
        models: RedisReadModels,
        partitions: int,
        acknowledged: Callable[[str], None],
    ) -> None:
        self._client = client
        self._database = database
        self._models = models
        self._partitions = partitions
        self._acknowledged = acknowledged

    async def recovery(self, deadline_seconds: float = DEADLINE_SECONDS) -> Recovery | None:
        """How long it takes from now until every lane has recovered; None when one has not by the deadline."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds), asyncio.TaskGroup() as lanes:
                tasks = [lanes.create_task(self._lane_recovery(lane, started)) for lane in range(self._partitions)]
            times = [task.result() for task in tasks]
            return Recovery(*(max(seconds) for seconds in zip(*times, strict=True)))
        return None

    async def _lane_recovery(self, lane: int, started: float) -> tuple[float, float, float]:
        """Seconds until accepted, readable and welcomed."""
        loop = asyncio.get_running_loop()
        user_id = _user_of(lane, self._partitions)
        await self._accepted(user_id)
        accepted = loop.time() - started

        async def time_until(done: Callable[[str], Awaitable[bool]]) -> float:
            while not await _or_false(done, user_id):  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(POLL_SECONDS)
            return loop.time() - started

        readable, welcomed = await asyncio.gather(time_until(self._readable), time_until(self._welcomed))
        return accepted, readable, welcomed

    async def _accepted(self, user_id: str) -> None:
        command_id = str(uuid.uuid4())
        user = CreateUser(user_id=user_id, first_name="Grace", last_name="Hopper", email=f"{user_id}@example.net")
        while True:
            with suppress(KafkaUnavailable):
                outcome = await self._client.ask(user, command_id=command_id, wait_seconds=ANSWER_SECONDS)
                self._acknowledged(command_id)
                if outcome is not None and outcome.status == "accepted":
                    return
            await asyncio.sleep(POLL_SECONDS)

    async def _readable(self, user_id: str) -> bool:
        return await self._models.document("users", user_id) is not None

    async def _welcomed(self, user_id: str) -> bool:
        events = await PostgresEventStore(self._database).stream_after("users", user_id, 0, MAX_EVENTS)
        return any(event.type == "UserWelcomed" for event in events)


async def _or_false(done: Callable[[str], Awaitable[bool]], user_id: str) -> bool:
    try:
        return await done(user_id)
    except Unavailable:
        return False


def _user_of(lane: int, partitions: int) -> str:
    while True:
        user_id = str(uuid.uuid4())
        if partition_for(user_id.encode(), partitions) == lane:
            return user_id
