"""How long a fetch waits at its broker.

Of records that come one after the other, each would be a fetch of its own, and a batch of its own for whoever works
on it: that costs many times what the record does. So a consumer that gathers records lets its fetches wait a few
milliseconds, for all that comes meanwhile.

To a consumer to which nothing arrives, it waits up to ten times longer than usual, so that an idle consumer costs the
broker and itself a tenth. A record that arrives ends the wait at once, as it ends a usual one.

While a fetch waits, aiokafka sends no other one to that broker. A partition that a short wait keeps from being fetched
waits for half a second at most; a long wait is given up as soon as a partition is resumed or gets another position.

A broker answers the requests of one connection one after the other. So fetches have a connection of their own: behind
a fetch that waits, questions about offsets and topics would wait as well. To give up a wait is to close it.
"""

import asyncio
import time
from collections import defaultdict
from math import exp
from types import SimpleNamespace
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from contracts.client.fetch_rounds import WantedFetch
from contracts.client.fetch_sessions import FetchSession, SessionFetch

# From about 250 records a second on it pays to gather them: how many came is counted over about this time, by the
# partitions that had any and by their bytes.
DENSITY_SECONDS = 0.1
DENSE = 25.0
COUNTED_BYTES = 1024
# Fetches that gather end when so much has come, or after this time.
GATHERING_BYTES = 65_536
GATHERING_MILLISECONDS = 2
# The fetches of a consumer that is busy, or was so until a few seconds ago.
SHORT_WAIT_MILLISECONDS = 500
# And at most half of the time that a request may take: a broker that has died silently is noticed no later.
LONG_WAIT_MILLISECONDS = 5000
QUIET_SECONDS = 5.0
# The connections of aiokafka itself are 0 and 1: those of the client and of the group's coordinator.
FETCH_CONNECTIONS = 2
NO_RECORDS = SimpleNamespace(topics=(), API_VERSION=0)


class FetchClient:
    """What a fetcher of aiokafka has for its client: the client, but for fetches and how long they wait.

    A consumer that was told to wait for less than `SHORT_WAIT_MILLISECONDS` waits no longer than that.
    """

    def __init__(self, client: AIOKafkaClient, wait_milliseconds: int, *, gathers: bool = False) -> None:
        self._client = client
        timeout_milliseconds = client._request_timeout_ms  # noqa: SLF001  # aiokafka has no public way to ask
        self._long_wait_milliseconds = min(LONG_WAIT_MILLISECONDS, timeout_milliseconds // 2)
        self._may_gather = gathers and wait_milliseconds > GATHERING_MILLISECONDS
        self._may_wait_long = SHORT_WAIT_MILLISECONDS <= wait_milliseconds < self._long_wait_milliseconds
        self._moved_at = time.monotonic()
        self._density = 0.0  # at `_moved_at`
        # The brokers at which a fetch waits long, and whether it was given up.
        self._long_waits: dict[int, bool] = {}
        self._sessions: defaultdict[int, FetchSession] = defaultdict(FetchSession)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any, **options: Any) -> Any:
        """As the client's, with another connection for a fetch, and in a session. A fetch that was given up brings no
        records.
        """
        if not isinstance(request, WantedFetch):
            return await self._client.send(node_id, request, **options)
        session = self._sessions[node_id]
        try:
            answer = session.wanted_of(await self._answer(node_id, SessionFetch(request, session)))
        except BaseException:
            session.begin_again()
            raise
        request.was_answered_for((topic, number) for topic, partitions in answer.topics for number, *_ in partitions)
        sizes = [len(partition[-1]) for _, partitions in answer.topics for partition in partitions if partition[-1]]
        if sizes:
            self._density = self._density_now() + len(sizes) + sum(sizes) / COUNTED_BYTES
            self._moved_at = time.monotonic()
        return answer

    async def _answer(self, node_id: int, request: SessionFetch) -> Any:
        # Before the choice: what moves while the connection is opened must not wait behind a long wait.
        await self._client.ready(node_id, group=FETCH_CONNECTIONS)
        if self._may_wait_long and self.is_quiet:
            request._max_wait_ms = self._long_wait_milliseconds  # noqa: SLF001  # a request that nobody else has
            return await self._answer_after_long_wait(node_id, request)
        if self._may_gather and self._density_now() >= DENSE:
            request._min_bytes = max(request._min_bytes, GATHERING_BYTES)  # noqa: SLF001  # as above
            request._max_wait_ms = GATHERING_MILLISECONDS  # noqa: SLF001
        return await self._client.send(node_id, request, group=FETCH_CONNECTIONS)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come, and no partition was moved, for some seconds."""
        return time.monotonic() - self._moved_at >= QUIET_SECONDS

    def _density_now(self) -> float:
        return self._density * exp((self._moved_at - time.monotonic()) / DENSITY_SECONDS)

    async def _answer_after_long_wait(self, node_id: int, request: SessionFetch) -> Any:
        self._long_waits[node_id] = False
        try:
            return await self._client.send(node_id, request, group=FETCH_CONNECTIONS)
        except KafkaConnectionError:
            if self._long_waits[node_id]:
                self._sessions[node_id].begin_again()
                return NO_RECORDS
            raise
        except asyncio.CancelledError:
            self._close(node_id)  # the next fetch, of another assignment, would wait behind this one
            raise
        finally:
            del self._long_waits[node_id]

    def note_movement(self) -> None:
        """A partition is to be fetched that was not: no fetch waits long, now and for a while."""
        self._density, self._moved_at = self._density_now(), time.monotonic()
        for node_id, is_given_up in self._long_waits.items():
            if not is_given_up:
                self._long_waits[node_id] = True
                self._close(node_id)

    def _close(self, node_id: int) -> None:
        connection = self._client._conns.get((node_id, FETCH_CONNECTIONS))  # noqa: SLF001  # as above
        if connection is not None:
            connection.close()
