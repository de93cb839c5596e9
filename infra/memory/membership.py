"""Staying a member of a group: join, be given partitions, send heartbeats, and when asked to, give back and join again.

Order: `revoked` is called with all that was held before the group is joined again, and `assigned` with what is held
from then on. Who was evicted in his sleep learns of it from his next heartbeat, not before. Heartbeats go on while
`revoked` runs, so that it may take its time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog

from infra.memory.broker import Broker
from infra.memory.group import Assignment, RebalanceInProgress, StaleGeneration, UnknownMember
from infra.memory.wire import Wire
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition

RETRY_DELAY_SECONDS = 0.2
# As the real one.
REVOKE_TIMEOUT_SECONDS = 30.0

log = structlog.get_logger(__name__)

T = TypeVar("T")
Listener = Callable[[frozenset[Partition]], Awaitable[None]]


class Membership:
    """One process's membership. `name` goes into the ids that the group knows it by."""

    def __init__(
        self,
        broker: Broker,
        wire: Wire,
        *,
        group: str,
        name: str,
        topics: Sequence[str],
        session_timeout_seconds: float,
        assigned: Listener,
        revoked: Listener,
    ) -> None:
        self.id: str | None = None
        self.generation = 0
        self._broker = broker
        self._wire = wire
        self._group = group
        self._name = name
        self._topics = topics
        self._session_seconds = session_timeout_seconds
        self._interval_seconds = session_timeout_seconds / 4
        self._assigned = assigned
        self._revoked = revoked
        self._held: frozenset[Partition] = frozenset()
        self._begun = asyncio.Event()

    async def run(self) -> None:
        """Be a member for as long as this runs."""
        while True:
            await self._give_back()
            given = await self._join()
            self.generation, self._held = given
            await _told(self._assigned, self._held)
            while True:
                await asyncio.sleep(self._interval_seconds)
                if not await self._is_settled():
                    break

    async def leave(self) -> None:
        """Tell the group, if it can be told."""
        if self.id is not None:
            with suppress(Unavailable):
                await self._call(self._broker.leave, self.id)
            self.id = None

    async def _call(self, operation: Callable[..., T], *arguments: object) -> T:
        return await self._wire.call("Kafka", partial(operation, self._group, *arguments))

    async def _is_settled(self) -> bool:
        """One heartbeat, however often it has to be sent: whether things may stay as they are."""
        while True:
            try:
                await self._call(self._broker.heartbeat, self.id, self.generation)
            except (RebalanceInProgress, StaleGeneration):
                return False
            except UnknownMember:
                self.id = None
                return False
            except Unavailable:
                await asyncio.sleep(RETRY_DELAY_SECONDS)
            else:
                return True

    async def _give_back(self) -> None:
        held, self._held = self._held, frozenset()
        alive = asyncio.create_task(self._stay_alive())
        try:
            await _told(self._revoked, held)
        finally:
            alive.cancel()

    async def _stay_alive(self) -> None:
        while self.id is not None:
            await asyncio.sleep(self._interval_seconds)
            with suppress(RebalanceInProgress, StaleGeneration, UnknownMember, Unavailable):
                await self._call(self._broker.heartbeat, self.id, self.generation)

    async def _join(self) -> Assignment:
        while True:
            try:
                if self.id is None:
                    self.id = await self._call(self._broker.enroll, self._name)
                self._broker.listen_to_group(self._group, self.id, self._begun.set)
                await self._call(
                    self._broker.join, self.id, self._topics, self._session_seconds, REVOKE_TIMEOUT_SECONDS
                )
                return await self._given(self.id)
            except RebalanceInProgress:
                continue
            except UnknownMember:
                self.id = None
            except Unavailable:
                await asyncio.sleep(RETRY_DELAY_SECONDS)

    async def _given(self, member_id: str) -> Assignment:
        """What this member is given, once all others have joined too."""
        while True:
            self._begun.clear()
            given = await self._call(self._broker.assignment, member_id)
            if given is not None:
                return given
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_seconds):
                    await self._begun.wait()


async def _told(listener: Listener, partitions: frozenset[Partition]) -> None:
    """As with the real one, what a listener raises is only logged."""
    try:
        await listener(partitions)
    except Exception:
        log.exception("a listener of rebalances failed")
