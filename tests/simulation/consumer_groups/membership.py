"""One member of a group: it joins, is assigned partitions, sends heartbeats, gives partitions back and joins again.

`revoked` is called with all partitions of the member before it joins again, `assigned` with those that it has from then
on. A member that was evicted while it was paused learns of it from its next heartbeat, not before. Heartbeats go on
while `revoked` runs, so that it may take its time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog

from infra.memory.wire import Wire
from tests.simulation.consumer_groups.broker import BrokerWithGroups
from tests.simulation.consumer_groups.group import Assignment, RebalanceInProgress, StaleGeneration, UnknownMember
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition

RETRY_DELAY_SECONDS = 0.2
# That of the Kafka adapter.
REVOKE_TIMEOUT_SECONDS = 30.0

log = structlog.get_logger(__name__)

T = TypeVar("T")
Listener = Callable[[frozenset[Partition]], Awaitable[None]]


class Membership:
    """The membership of one process. The ids under which the group knows it begin with `name`."""

    def __init__(
        self,
        broker: BrokerWithGroups,
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
        self._partitions: frozenset[Partition] = frozenset()
        self._generation_began = asyncio.Event()

    async def run(self) -> None:
        """Be a member for as long as this runs."""
        while True:
            await self._give_back()
            assignment = await self._join()
            self.generation, self._partitions = assignment
            await _notify(self._assigned, self._partitions)
            while True:
                await asyncio.sleep(self._interval_seconds)
                if not await self._is_settled():
                    break

    async def leave(self) -> None:
        """Leave the group, if it can be reached."""
        if self.id is not None:
            with suppress(Unavailable):
                await self._call(self._broker.leave, self.id)
            self.id = None

    async def _call(self, operation: Callable[..., T], *arguments: object) -> T:
        return await self._wire.call("Kafka", partial(operation, self._group, *arguments))

    async def _is_settled(self) -> bool:
        """Send one heartbeat, as often as it takes to get an answer. False: the member has to join again."""
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
        partitions, self._partitions = self._partitions, frozenset()
        heartbeats = asyncio.create_task(self._send_heartbeats())
        try:
            await _notify(self._revoked, partitions)
        finally:
            heartbeats.cancel()

    async def _send_heartbeats(self) -> None:
        while self.id is not None:
            await asyncio.sleep(self._interval_seconds)
            with suppress(RebalanceInProgress, StaleGeneration, UnknownMember, Unavailable):
                await self._call(self._broker.heartbeat, self.id, self.generation)

    async def _join(self) -> Assignment:
        while True:
            try:
                if self.id is None:
                    self.id = await self._call(self._broker.enroll, self._name)
                self._broker.listen_to_group(self._group, self.id, self._generation_began.set)
                await self._call(
                    self._broker.join, self.id, self._topics, self._session_seconds, REVOKE_TIMEOUT_SECONDS
                )
                return await self._assignment(self.id)
            except RebalanceInProgress:
                continue
            except UnknownMember:
                self.id = None
            except Unavailable:
                await asyncio.sleep(RETRY_DELAY_SECONDS)

    async def _assignment(self, member_id: str) -> Assignment:
        """This member's assignment, once all others have joined too."""
        while True:
            self._generation_began.clear()
            assignment = await self._call(self._broker.assignment, member_id)
            if assignment is not None:
                return assignment
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_seconds):
                    await self._generation_began.wait()


async def _notify(listener: Listener, partitions: frozenset[Partition]) -> None:
    """As in the Kafka adapter, an exception of a listener is only logged."""
    try:
        await listener(partitions)
    except Exception:
        log.exception("a listener of rebalances failed")
