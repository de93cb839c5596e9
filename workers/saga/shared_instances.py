"""The instances that the saga lanes of one process have in common: whose turn it is to change one, and what it is now.

Lanes often change the same instances: an order's payment and its goods come through different lanes. Two of them that
decided on the same version would conflict, and one would have decided for nothing. So in one process a lane waits for
its turn. Lanes ask for all their instances at once, and get them in the order of asking: they never wait in a circle.
Nor does one that is stuck in its turn keep others waiting for long: they go on, and may conflict.

An instance that a lane has written need not be read again. Another process may have changed it since: then its version
refuses what was decided on this one, and the instance is read. So neither turns nor memory are needed for correctness.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice

from workers.ports.sagas import InstanceKey
from workers.saga.instances import LoadedInstance

MAX_INSTANCES = 10_000
# As long as Postgres lets a write wait for a lock: whoever has a turn for longer has some trouble of its own.
MAX_WAIT_SECONDS = 5.0


class SharedInstances:
    """The instances that lanes of this process have written last, at most `MAX_INSTANCES`, and the turns at them."""

    def __init__(self) -> None:
        self._written: dict[InstanceKey, LoadedInstance] = {}
        self._last_turns: dict[InstanceKey, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, keys: Sequence[InstanceKey]) -> AsyncIterator[None]:
        """Wait until the lanes that asked before have ended their turns at any of these instances, at most
        `MAX_WAIT_SECONDS`.

        A lane that stops waiting lets the next one begin, which may then conflict with an earlier one.
        """
        earlier = dict.fromkeys(turn for key in keys if (turn := self._last_turns.get(key)) is not None)
        ended = asyncio.Event()
        self._last_turns.update(dict.fromkeys(keys, ended))
        try:
            if earlier:
                await _ended(earlier)
            yield
        finally:
            ended.set()
            for key in keys:
                if self._last_turns.get(key) is ended:
                    del self._last_turns[key]

    def take(self, keys: Iterable[InstanceKey]) -> dict[InstanceKey, LoadedInstance]:
        """Remove and return those of these instances that are in memory. So a failed write leaves none behind."""
        return {key: instance for key in keys if (instance := self._written.pop(key, None)) is not None}

    def keep(self, instances: Mapping[InstanceKey, LoadedInstance]) -> None:
        """Keep instances that were written just now, in place of those that were written the longest time ago."""
        self._written.update(instances)
        for key in list(islice(self._written, max(0, len(self._written) - MAX_INSTANCES))):
            del self._written[key]

    def forget(self) -> None:
        """Keep none: while no lane was held here, others may have changed them."""
        self._written.clear()


async def _ended(turns: Iterable[asyncio.Event]) -> None:
    """Wait until these turns have ended, but not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            for turn in turns:
                await turn.wait()
