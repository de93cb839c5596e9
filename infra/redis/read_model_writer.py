"""The writing side of the read models: one MULTI/EXEC a batch, guarded by WATCH on checkpoint and live generation."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import orjson
from redis.exceptions import ResponseError, WatchError

from infra.redis.connection import faults_sorted, watched
from infra.redis.errors import server_said, step_after
from infra.redis.keys import Keys, live_number, member, read_checkpoint, write_checkpoint
from infra.redis.pipelining import Pipelining
from infra.redis.sections import RedisSections, queue_values
from infra.redis.server_signs import server_signs
from infra.redis.stored_values import documents_of, parked_of, request_of
from workers.core.projection import Document
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import (
    Checkpoint,
    CheckpointMoved,
    Generation,
    IndexChange,
    PartlyWritten,
    ReadModelBatch,
    ServerSigns,
)
from workers.projection.folding import ALL

SCORE = b"0"
"""Of every entry of an index: the entries are sorted by their bytes."""


class RedisReadModelWriter(RedisSections):
    """`SectionStore` on Redis. What the lanes of several hosts look for at the same time shares a round trip."""

    def __init__(self, redis: Any, keys: Keys) -> None:
        super().__init__(redis, keys)
        self._pipelining = Pipelining(redis)

    async def live(self, projection: str) -> Generation:
        return Generation(projection, live_number(*await self._stored(self._keys.both_live(projection))))

    async def checkpoint(self, generation: Generation, topic: str, partition: int) -> Checkpoint:
        with faults_sorted():
            return read_checkpoint(await self._redis.get(self._keys.checkpoint(generation, topic, partition)))

    async def stored_checkpoints(
        self, generation: Generation, topic: str, partitions: Sequence[int]
    ) -> Sequence[Checkpoint]:
        keys = [self._keys.checkpoint(generation, topic, partition) for partition in partitions]
        return [read_checkpoint(stored) for stored in (await self._stored(keys) if keys else ())]

    async def _stored(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        with faults_sorted():
            values: Sequence[bytes | None] = await self._pipelining.execute_command("MGET", *keys)
        return values

    async def is_empty(self, generation: Generation) -> bool:
        with faults_sorted():
            return not await self._redis.exists(self._keys.index(generation, ALL.name))

    async def documents(self, generation: Generation, document_ids: Sequence[str]) -> Mapping[str, Document]:
        with faults_sorted():
            stored = await self._redis.mget(
                [self._keys.document(generation, document_id) for document_id in document_ids]
            )
        return documents_of(document_ids, stored)

    async def present(self, generation: Generation, entries: Collection[IndexChange]) -> AbstractSet[IndexChange]:
        if not entries:
            return frozenset()
        by_index: dict[str, list[IndexChange]] = {}
        for entry in entries:
            by_index.setdefault(entry.entry.name, []).append(entry)
        with faults_sorted():
            async with self._redis.pipeline(transaction=False) as pipeline:
                for name, wanted in by_index.items():
                    pipeline.zmscore(self._keys.index(generation, name), [member(*entry) for entry in wanted])
                answers = await pipeline.execute()
        return {
            entry
            for wanted, scores in zip(by_index.values(), answers, strict=True)
            for entry, score in zip(wanted, scores, strict=True)
            if score is not None
        }

    async def signs(self) -> ServerSigns | None:
        return await server_signs(self._redis)

    async def remember_live(self, generation: Generation) -> bool:
        with faults_sorted():
            live, copy = self._keys.both_live(generation.projection)
            told = bool(await self._redis.set(live, generation.number, nx=True))
            if told:
                await self._redis.set(copy, generation.number)
        return told

    async def parked(self, generation: Generation, topic: str, partition: int) -> Sequence[ParkedStream]:
        with faults_sorted():
            stored = await self._redis.hvals(self._keys.parked(generation, topic, partition))
        streams = [stream for value in stored if (stream := parked_of(value)) is not None]
        return sorted(streams, key=lambda stream: stream.stream_id)

    async def parked_requests(
        self, generation: Generation, topic: str, partition: int
    ) -> Sequence[ParkedStreamRequest]:
        with faults_sorted():
            stored = await self._redis.hvals(self._keys.parked_requests(generation, topic, partition))
        return sorted(request for value in stored if (request := request_of(value)) is not None)

    async def commit(self, batch: ReadModelBatch) -> None:
        guard = self._keys.checkpoint(batch.generation, batch.topic, batch.partition)
        live = self._keys.both_live(batch.generation.projection)
        with faults_sorted():
            async with self._redis.pipeline(transaction=True) as pipeline:
                checkpoint, *numbers = await watched(pipeline, guard, *live)
                if read_checkpoint(checkpoint) != batch.expected:
                    raise CheckpointMoved
                if batch.only_if_live and live_number(*numbers) != batch.generation.number:
                    raise CheckpointMoved
                pipeline.multi()
                self._queue(pipeline, batch)
                if any(numbers) and numbers[0] != numbers[1]:  # one is lost, or an earlier release has written only one
                    pipeline.mset(dict.fromkeys(live, live_number(*numbers)))
                pipeline.set(guard, write_checkpoint(batch.checkpoint))
                commands = [tuple(command) for command, _ in pipeline.command_stack]
                try:
                    answers = await pipeline.execute(raise_on_error=False)
                except WatchError as error:
                    raise CheckpointMoved from error
                except ResponseError as error:
                    raise Unavailable("Redis", server_said(error), step_after(error)[1]) from error
        _check(commands, answers)

    def _queue(self, pipeline: Any, batch: ReadModelBatch) -> None:
        if batch.section:
            queue_values(pipeline, self._keys, batch)
            batch = batch._replace(documents={})
        generation, begins = batch.generation, self._keys.document(batch.generation, "")
        written: list[str | bytes] = []
        gone: list[str] = []
        for document_id, document in batch.documents.items():
            if document is None:
                gone.append(begins + document_id)
            else:
                written += (begins + document_id, document)
        # redis-py's own methods would go through all arguments once more.
        if written:
            pipeline.execute_command("MSET", *written)
        if gone:
            pipeline.execute_command("DEL", *gone)
        for name, members in _by_index(batch.removed).items():
            pipeline.execute_command("ZREM", self._keys.index(generation, name), *members)
        for name, members in _by_index(batch.added).items():
            scored: list[bytes] = [SCORE] * (2 * len(members))
            scored[1::2] = members
            pipeline.execute_command("ZADD", self._keys.index(generation, name), *scored)
        if batch.parked or batch.unparked:
            self._queue_parked(pipeline, batch)

    def _queue_parked(self, pipeline: Any, batch: ReadModelBatch) -> None:
        place = (batch.generation, batch.topic, batch.partition)
        waiting = {stream.stream_id: orjson.dumps(stream._asdict()) for stream in batch.parked}
        if waiting:
            pipeline.hset(self._keys.parked(*place), mapping=waiting)
        if batch.unparked:
            pipeline.hdel(self._keys.parked(*place), *batch.unparked)
        pipeline.hdel(self._keys.parked_requests(*place), *waiting, *batch.unparked)


def _check(commands: Sequence[tuple[Any, ...]], answers: Sequence[Any]) -> None:
    """Raises PartlyWritten if EXEC refused a command (a key holds another type): that undoes no other command."""
    for command, answer in zip(commands, answers, strict=True):
        if isinstance(answer, ResponseError):
            name, key, *_ = command
            advice = "if something else has written this key, DEL it: what is missing then is written again"
            raise PartlyWritten("Redis", f"{name} {key} was refused: {server_said(answer)}; {advice}") from answer


def _by_index(changes: Sequence[IndexChange]) -> dict[str, list[bytes]]:
    members: dict[str, list[bytes]] = defaultdict(list)
    for index, document_id in changes:
        members[index.name].append(member(index, document_id))
    return members
