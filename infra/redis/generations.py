"""The generations of read models, for operators: which there are, how far each is, and which one is live."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from redis.exceptions import WatchError

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, generation_number, id_of, live_number, member, read_checkpoint
from workers.ports.read_models import Checkpoint, Generation
from workers.projection.folding import ALL

KEYS_AT_A_TIME = 1000


class Status(NamedTuple):
    """One generation: how many documents it has, and where each lane stands (by topic and partition)."""

    generation: Generation
    documents: int
    checkpoints: dict[tuple[str, int], Checkpoint]


class SwitchedMeanwhile(Exception):
    """Somebody else has switched the projection at the same moment; nothing was changed. Look again."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"the live generation of {projection} was changed by another at the same moment; look again")
        self.projection = projection


class Generations:
    """What the store knows of generations. Every method raises Unavailable."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def live(self, projection: str) -> Generation:
        with faults_sorted():
            return Generation(projection, live_number(*await self._redis.mget(self._keys.both_live(projection))))

    async def previous(self, projection: str) -> Generation | None:
        """The one that was live before the last switch, if it still exists."""
        with faults_sorted():
            stored = await self._redis.get(self._keys.previous(projection))
        number = generation_number(stored)
        return None if number is None else Generation(projection, number)

    async def existing(self, projection: str) -> list[Generation]:
        """All that there are, in the order of their numbers: the live one, the one before it, and those begun since."""
        with faults_sorted():
            begun = await self._redis.smembers(self._keys.begun(projection))
        numbers = [number for each in begun if (number := generation_number(each)) is not None]
        known = {await self.live(projection), *(Generation(projection, number) for number in numbers)}
        previous = await self.previous(projection)
        return sorted(known | ({previous} if previous else set()))

    async def begin(self, generation: Generation) -> None:
        """Note that a generation is being built."""
        with faults_sorted():
            await self._redis.sadd(self._keys.begun(generation.projection), generation.number)

    async def status(self, generation: Generation, places: Sequence[tuple[str, int]]) -> Status:
        """Where the lanes at these places (topic, partition) stand."""
        keys = [self._keys.checkpoint(generation, *place) for place in places]
        with faults_sorted():
            documents = await self._redis.zcard(self._keys.index(generation, ALL.name))
            stored = await self._redis.mget(keys)
        checkpoints = dict(zip(places, map(read_checkpoint, stored), strict=True))
        return Status(generation, documents, checkpoints)

    async def parked(self, generation: Generation, places: Sequence[tuple[str, int]]) -> int:
        """How many streams wait in these lanes."""
        with faults_sorted():
            return sum([await self._redis.hlen(self._keys.parked(generation, *place)) for place in places])

    async def ids_after(self, generation: Generation, after: str, limit: int) -> list[str]:
        """The next document ids, in order."""
        with faults_sorted():
            entries = await self._redis.zrange(
                self._keys.index(generation, ALL.name),
                b"(" + member(ALL, after) if after else b"-",
                b"+",
                bylex=True,
                offset=0,
                num=limit,
            )
        return [id_of(entry) for entry in entries]

    async def switch(self, current: Generation, to: Generation) -> None:
        """Make `to` live instead of `current`, at once for everybody. Raises SwitchedMeanwhile."""
        live = self._keys.both_live(to.projection)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                await pipeline.watch(*live)
                if live_number(*await pipeline.mget(live)) != current.number:
                    raise SwitchedMeanwhile(to.projection)
                pipeline.multi()
                pipeline.mset(dict.fromkeys(live, to.number))
                pipeline.set(self._keys.previous(to.projection), current.number)
                pipeline.sadd(self._keys.begun(to.projection), current.number)  # the first was not begun by hand
                try:
                    await pipeline.execute()
                except WatchError as error:
                    raise SwitchedMeanwhile(to.projection) from error

    async def drop(self, generation: Generation) -> None:
        """Remove a generation that nobody sees, its checkpoints first: what is left of it is not taken for a build."""
        everything = _literal(self._keys.everything(generation))
        for pattern in (f"{everything}checkpoint:*", f"{everything}*"):
            async for keys in self._keys_like(pattern):
                with faults_sorted():
                    await self._redis.unlink(*keys)
        with faults_sorted():
            await self._redis.srem(self._keys.begun(generation.projection), generation.number)

    async def _keys_like(self, pattern: str) -> AsyncIterator[list[bytes]]:
        cursor = 0
        while True:
            with faults_sorted():
                cursor, keys = await self._redis.scan(cursor, pattern, KEYS_AT_A_TIME)
            if keys:
                yield keys
            if cursor == 0:
                return


def _literal(text: str) -> str:
    """A text as a pattern that matches nothing else."""
    return "".join(f"\\{each}" if each in "*?[]^\\" else each for each in text)
