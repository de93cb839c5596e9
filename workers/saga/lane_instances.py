"""The instances that a batch of one lane is decided on: from memory where nobody has changed them, as a rule, or read.

An instance in memory, or a new stream taken for a new instance, is a guess: another process may know better. A write
that was decided on a wrong guess is refused, and for a while the lane reads what it decides on, as it shares its
instances with another process. A failure of a saga's code writes no instance, so nothing would refuse it: it counts
only on instances that were read.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from workers import telemetry
from workers.ports.clock import Clock
from workers.ports.sagas import InstanceConflict, InstanceKey, SagaStore
from workers.saga.following import Followed
from workers.saga.instances import LoadedInstance, Stored
from workers.saga.shared_instances import SharedInstances

READ_AFTER_CONFLICT_SECONDS = 30.0


class Turn:
    """A lane's turn at instances."""

    def __init__(self, keys: Sequence[InstanceKey], stored: Stored, store: SagaStore, *, are_read: bool) -> None:
        """`stored` are those that exist, as they were read just now (`are_read`), or as far as is known."""
        self._keys = keys
        self._stored = stored
        self._store = store
        self._are_read = are_read

    async def decide(self, decide: Callable[[Stored], Followed]) -> Followed:
        """What follows, decided on the instances; once more if the code of a saga fails on some that were not read.
        Raises Unavailable.
        """
        followed = decide(self._stored)
        if self._are_read or not (followed.parked or followed.failures):
            return followed
        return decide(await self._store.instances(self._keys))


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
        self,
        keys: Sequence[InstanceKey],
        new_streams: Collection[str] = frozenset(),
        *,
        of_internal_events: bool = False,
    ) -> AsyncIterator[Turn]:
        """The lane's turn at these instances. Decide and write in it.

        An instance with the id of one of the `new_streams`, whose first event is among those to be applied, most
        probably does not exist yet. Internal events are read before the turn: a lane of this process may have cleared
        a deadline since, so a conflict over them says nothing of another process. Raises Unavailable.
        """
        async with self._shared.turn(keys):
            loaded = self._shared.take(keys)
            try:
                yield await self._begin(keys, loaded, new_streams)
            except InstanceConflict:
                telemetry.INSTANCE_CONFLICTS.labels(self._topic).inc()
                if not of_internal_events:
                    self._read_until = self._clock() + READ_AFTER_CONFLICT_SECONDS
                raise

    async def _begin(
        self, keys: Sequence[InstanceKey], loaded: Mapping[InstanceKey, LoadedInstance], new_streams: Collection[str]
    ) -> Turn:
        if self._read_until is not None and self._clock() < self._read_until:
            return Turn(keys, await self._read(keys), self._store, are_read=True)
        unknown = [key for key in keys if key not in loaded and key.instance_id not in new_streams]
        stored = {**loaded, **await self._read(unknown)}
        return Turn(keys, stored, self._store, are_read=len(unknown) == len(keys))

    async def _read(self, keys: Sequence[InstanceKey]) -> Stored:
        return await self._store.instances(keys) if keys else {}

    def keep(self, instances: Mapping[InstanceKey, LoadedInstance]) -> None:
        """Keep what the lane has written in its turn."""
        self._shared.keep(instances)

    def forget(self) -> None:
        """The lane is acquired: what is in memory may be out of date."""
        self._shared.forget()
