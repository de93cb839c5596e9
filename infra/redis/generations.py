"""The generations of read models in Redis. The keys are listed in keys.py."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.exceptions import WatchError

from infra.redis.connection import faults_sorted
from infra.redis.keys import Keys, generation_number, id_of, live_number, member, read_checkpoint
from workers.ports.generations import GenerationStatus, SwitchConflict
from workers.ports.read_models import Generation
from workers.projection.folding import ALL

KEYS_AT_A_TIME = 1000


class RedisGenerations:
    """`Generations` on Redis."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def live(self, projection: str) -> Generation:
        with faults_sorted():
            return Generation(projection, live_number(*await self._redis.mget(self._keys.both_live(projection))))

    async def previous(self, projection: str) -> Generation | None:
        with faults_sorted():
            stored = await self._redis.get(self._keys.previous(projection))
        number = generation_number(stored)
        return None if number is None else Generation(projection, number)

    async def existing(self, projection: str) -> list[Generation]:
        with faults_sorted():
            begun = await self._redis.smembers(self._keys.begun(projection))
        numbers = [number for stored in begun if (number := generation_number(stored)) is not None]
        generations = {await self.live(projection), *(Generation(projection, number) for number in numbers)}
        previous = await self.previous(projection)
        return sorted(generations | ({previous} if previous else set()))

    async def begin(self, generation: Generation) -> None:
        with faults_sorted():
            await self._redis.sadd(self._keys.begun(generation.projection), generation.number)

    async def status(self, generation: Generation, lanes: Sequence[tuple[str, int]]) -> GenerationStatus:
        keys = [self._keys.checkpoint(generation, *lane) for lane in lanes]
        with faults_sorted():
            documents = await self._redis.zcard(self._keys.index(generation, ALL.name))
            stored = await self._redis.mget(keys) if keys else []
        checkpoints = dict(zip(lanes, map(read_checkpoint, stored), strict=True))
        return GenerationStatus(generation, documents, checkpoints)

    async def parked(self, generation: Generation, lanes: Sequence[tuple[str, int]]) -> int:
        with faults_sorted():
            return sum([await self._redis.hlen(self._keys.parked(generation, *lane)) for lane in lanes])

    async def ids_after(self, generation: Generation, document_id: str, limit: int) -> list[str]:
        with faults_sorted():
            entries = await self._redis.zrange(
                self._keys.index(generation, ALL.name),
                b"(" + member(ALL, document_id) if document_id else b"-",
                b"+",
                bylex=True,
                offset=0,
                num=limit,
            )
        return [id_of(entry) for entry in entries]

    async def switch(self, current: Generation, to: Generation) -> None:
        live = self._keys.both_live(to.projection)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                await pipeline.watch(*live)
                if live_number(*await pipeline.mget(live)) != current.number:
                    raise SwitchConflict(to.projection)
                pipeline.multi()
                pipeline.mset(dict.fromkeys(live, to.number))
                pipeline.set(self._keys.previous(to.projection), current.number)
                # The first generation was begun by no operator, so it is not noted yet.
                pipeline.sadd(self._keys.begun(to.projection), current.number)
                try:
                    await pipeline.execute()
                except WatchError as error:
                    raise SwitchConflict(to.projection) from error

    async def drop(self, generation: Generation) -> None:
        # Checkpoints first: what is left after an interruption is not mistaken for an unfinished build.
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
    """A pattern that matches only this text."""
    return "".join(f"\\{character}" if character in "*?[]^\\" else character for character in text)
