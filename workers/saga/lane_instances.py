"""The instances that a batch of one lane is decided on: from memory where nobody has changed them, as a rule, or read.

An instance in memory, or a new stream taken for a new instance, is a guess: another process may know better. The write
is refused then, and for a while the lane reads what it decides on, as it shares its instances with another process.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from workers import telemetry
from workers.ports.clock import Clock
from workers.ports.sagas import InstanceConflict, InstanceKey, SagaStore
from workers.saga.instances import LoadedInstance, Stored
from workers.saga.shared_instances import SharedInstances

READ_AFTER_CONFLICT_SECONDS = 30.0


class LaneInstances:
    """The instances of one lane, and whether to read them."""

    def __init__(self, topic: str, shared: SharedInstances, store: SagaStore, clock: Clock) -> None:
        self._topic = topic
        self._shared = shared
        self._store = store
        self._clock = clock
        self._read_until: float | None = None

    @asynccontextmanager
    async def turn(
        self, keys: Sequence[InstanceKey], new_streams: Collection[str] = frozenset()
    ) -> AsyncIterator[Stored]:
        """The lane's turn at these instances, as they are now, those that exist. Decide and write in it.

        An instance with the id of one of the `new_streams`, whose first event is among those to be applied, most
        probably does not exist yet. Raises Unavailable.
        """
        async with self._shared.turn(keys):
            written = self._shared.take(keys)
            try:
                yield await self._current(keys, written, new_streams)
            except InstanceConflict:
                telemetry.INSTANCE_CONFLICTS.labels(self._topic).inc()
                self._read_until = self._clock() + READ_AFTER_CONFLICT_SECONDS
                raise

    async def _current(
        self, keys: Sequence[InstanceKey], written: Mapping[InstanceKey, LoadedInstance], new_streams: Collection[str]
    ) -> Stored:
        if self._read_until is not None and self._clock() < self._read_until:
            return await self._store.instances(keys) if keys else {}
        unknown = [key for key in keys if key not in written and key.instance_id not in new_streams]
        return {**written, **await self._store.instances(unknown)} if unknown else written

    def keep(self, instances: Mapping[InstanceKey, LoadedInstance]) -> None:
        """Keep what the lane has written in its turn."""
        self._shared.keep(instances)

    def forget(self) -> None:
        """The lane is acquired: what is in memory may be out of date."""
        self._shared.forget()
