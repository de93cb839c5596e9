"""Is the system well? A new user for each lane, who tells of all three roles: the command is accepted, the card can be
read, the welcome is done. Asked anew after each fault; a lane that nobody serves answers late.
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
    """Seconds from the end of a fault until the last lane was well again, by what had to be: the command role, the
    projection and the saga.
    """

    accepted_seconds: float
    readable_seconds: float
    welcomed_seconds: float

    @property
    def seconds(self) -> float:
        """Until all was well."""
        return max(self)


class Probe:
    """Asks. `acknowledged` hears of every command of its own that must have an outcome in the end."""

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
        """How long it takes from now until every lane is well; None when one is not by the deadline."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds), asyncio.TaskGroup() as lanes:
                asked = [lanes.create_task(self._well(lane, began)) for lane in range(self._partitions)]
            moments = [task.result() for task in asked]
            return Recovery(*(max(each) for each in zip(*moments, strict=True)))
        return None

    async def _well(self, lane: int, began: float) -> tuple[float, float, float]:
        """Seconds until accepted, readable and welcomed."""
        loop = asyncio.get_running_loop()
        user_id = _user_of(lane, self._partitions)
        await self._accepted(user_id)
        accepted = loop.time() - began

        async def moment(done: Callable[[str], Awaitable[bool]]) -> float:
            while not await _or_false(done, user_id):  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(POLL_SECONDS)
            return loop.time() - began

        readable, welcomed = await asyncio.gather(moment(self._readable), moment(self._welcomed))
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
