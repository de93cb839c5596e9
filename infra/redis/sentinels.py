"""Where the primary is, as the sentinels tell it, and connections that follow it.

All sentinels are asked at once. The newest configuration among the answers counts (its epoch), and the answers of more
than half of them are enough: so one that hangs costs nothing, and one with an old view is outvoted. Each new connection
asks, and the server itself says whether it is the primary: a checkpoint is never read from a replica. Connections that
are open are compared with what the sentinels say every few seconds. So a primary that was replaced, and can still be
reached, is left.

redis-py's own `Sentinel` and its pool are not used, only its clients. They ask one sentinel after the other and lose
some of them from their list when several callers ask at once; they believe the first answer, do not ask the server for
its role, and keep connections to a former primary that were in use when it changed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from redis.exceptions import RedisError

from infra.redis.errors import REACH, step_after
from infra.redis.sentinel_answers import (
    FAILOVER,
    MAX_CHARACTERS,
    Address,
    Complaint,
    View,
    complaint_of_a_view,
    complaint_of_an_error,
    is_of_tls,
    summed_up,
    view_of,
)
from workers.background import in_background
from workers.ports.clock import Clock
from workers.ports.lanes import Unavailable

ASK_TIMEOUT_SECONDS = 2.0
LOOK_INTERVAL_SECONDS = 3.0
# Until a primary has let a connection in and told its role.
PRIMARY_TIMEOUT_SECONDS = 5.0


class Sentinels:
    """The sentinels of one primary; `clients` by the addresses as they are shown."""

    def __init__(self, primary: str, clients: Mapping[str, Any], clock: Clock = time.monotonic) -> None:
        self.primary = primary
        self._clients = clients
        self._clock = clock
        self._known: Address | None = None
        self._outcome: Address | Complaint | None = None
        self._looked_at = 0.0
        self._look: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        place = f", at {self._known.host}:{self._known.port}" if self._known else ""
        return f"{self.primary} (of the sentinels {', '.join(self._clients)}{place})"

    async def find_primary(self) -> Address:
        """Where the primary is now. Those who ask at the same time share the answers. Raises Unavailable."""
        await asyncio.shield(self._begin())
        outcome = self._outcome
        assert outcome is not None, "a look leaves what it has found"
        if isinstance(outcome, Complaint):
            raise Unavailable("Redis", *outcome)
        self._known = outcome
        return outcome

    def still_name(self, address: Address) -> bool:
        """Whether this is still the primary, as far as is known. Now and then it has them asked in the background."""
        if self._clock() - self._looked_at >= LOOK_INTERVAL_SECONDS:
            self._begin()
        return address == self._known

    def _begin(self) -> "asyncio.Task[None]":
        if self._look is None or self._look.done():
            self._look = in_background(self._ask_all(), "ask the sentinels for the primary")
        return self._look

    async def _ask_all(self) -> None:
        self._looked_at = self._clock()
        views, complaints = await _answers(
            {asyncio.create_task(self._ask(place)) for place in self._clients}, enough=len(self._clients) // 2 + 1
        )
        self._looked_at = self._clock()
        newest = max((view.epoch for view in views), default=0)
        usable = Counter(view.address for view in views if view.epoch == newest and not view.is_down)
        if not usable:
            complaints += [complaint_of_a_view(view) for view in views]
            self._outcome = summed_up(self.primary, complaints)
            return
        self._outcome = primary = usable.most_common(1)[0][0]
        if 2 * len(views) > len(self._clients):  # a few with an old view must not end connections that work
            self._known = primary

    async def _ask(self, place: str) -> View | Complaint:
        try:
            async with (
                asyncio.timeout(ASK_TIMEOUT_SECONDS),
                self._clients[place].pipeline(transaction=False) as pipeline,
            ):
                # The first one names the new primary as soon as there is one; the other has the epoch.
                pipeline.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", self.primary)
                pipeline.execute_command("SENTINEL MASTER", self.primary)
                address, state = await pipeline.execute(raise_on_error=False)
            for answer in (state, address):
                if isinstance(answer, Exception):
                    raise answer
            return view_of(address, state)
        except Exception as error:  # noqa: BLE001  # whatever one has answered, the others may be right
            return complaint_of_an_error(place, error)

    async def aclose(self) -> None:
        """Close the connections to the sentinels."""
        if self._look is not None:
            self._look.cancel()
        for redis in self._clients.values():
            await redis.aclose()


async def _answers(asked: set["asyncio.Task[View | Complaint]"], enough: int) -> tuple[list[View], list[Complaint]]:
    """What sentinels say, until so many have named a primary that is up, or all have said something."""
    views: list[View] = []
    complaints: list[Complaint] = []
    try:
        while asked and sum(not view.is_down for view in views) < enough:
            done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                answer = task.result()
                if isinstance(answer, View):
                    views.append(answer)
                else:
                    complaints.append(answer)
    finally:
        for task in asked:
            task.cancel()
    return views, complaints


class FollowsPrimary:
    """Mixed into redis-py's connections: whoever connects, for whatever reason, asks the sentinels first."""

    sentinels: Sentinels

    async def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:
        connection: Any = self
        if connection.is_connected:
            # This is where the pool gives the connection out.
            if self.sentinels.still_name(Address(connection.host, connection.port)):
                return
            await connection.disconnect(nowait=True)
        address = await self.sentinels.find_primary()
        connection.host, connection.port = address
        shown = f"{address.host}:{address.port}, which is named as the primary of {self.sentinels.primary},"
        connect: Callable[..., Any] = super().connect_check_health  # type: ignore[misc]  # the class mixed with
        try:
            async with asyncio.timeout(PRIMARY_TIMEOUT_SECONDS):
                await connect(check_health=check_health, retry_socket_connect=False)
                await connection.send_command("ROLE", check_health=False)
                role = (await connection.read_response())[0]
        except (RedisError, OSError) as error:
            await connection.disconnect(nowait=True)
            is_away = isinstance(error, OSError) or step_after(error)[1] == REACH
            if not is_away or is_of_tls(error):
                raise
            said = str(error)[:MAX_CHARACTERS] or "no answer in time"
            raise Unavailable("Redis", f"{shown} cannot be reached: {said}", FAILOVER) from error
        if role not in (b"master", "master"):
            await connection.disconnect(nowait=True)
            raise Unavailable("Redis", f"{shown} is none", FAILOVER)
