"""The read-model store as its adapters and an onlooker see it: the real one, and its twin."""

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import orjson
from pydantic import SecretStr

from infra.memory import read_model_server as names
from infra.memory.read_model_server import ReadModelServer
from infra.memory.read_models import MemoryReadModels, MemoryReadModelWriter
from infra.memory.verification.documents import MemoryStoredDocuments
from infra.redis.connection import client
from infra.redis.documents import RedisStoredDocuments
from infra.redis.keys import Keys, write_checkpoint
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from tests.ports.lines import Line, LossyWire, lossy_proxy
from workers.ports.parked import ParkedStreamRequest
from workers.ports.read_models import Checkpoint, Generation, ReadModelBatch
from workers.ports.verification.documents import StoredDocuments

Action = Callable[[], Awaitable[None]]
Writers = RedisReadModelWriter | MemoryReadModelWriter
T = TypeVar("T")


class Onlooker(Protocol):
    """A client that is none of our adapters, and what it may do."""

    async def contents(self) -> Any: ...

    async def move(self, generation: Generation, topic: str, partition: int, checkpoint: Checkpoint) -> None: ...

    async def switch(self, projection: str, number: int) -> None: ...

    async def spoil(self, generation: Generation, document_id: str, value: bytes | None) -> None: ...

    async def request(
        self, generation: Generation, topic: str, partition: int, request: ParkedStreamRequest
    ) -> None: ...

    async def empty(self) -> None: ...


@dataclass(frozen=True)
class StoredModels:
    """The adapters of one process. `overtaken(action)` is a writer whose next commit has `action` happen half-way."""

    writer: Writers
    read_models: RedisReadModels | MemoryReadModels
    documents: StoredDocuments
    line: Line
    onlooker: Onlooker
    overtaken: Callable[[Action], Writers]


@dataclass
class MemoryOnlooker:
    server: ReadModelServer = field(default_factory=ReadModelServer)

    async def contents(self) -> Any:
        return copy.deepcopy((self.server.values, self.server.indexes, self.server.hashes))

    async def move(self, generation: Generation, topic: str, partition: int, checkpoint: Checkpoint) -> None:
        self.server.set(names.checkpoint(generation, topic, partition), checkpoint)

    async def switch(self, projection: str, number: int) -> None:
        self.server.set(names.live(projection), number)

    async def spoil(self, generation: Generation, document_id: str, value: bytes | None) -> None:
        self.server.set(names.document(generation, document_id), value)

    async def request(self, generation: Generation, topic: str, partition: int, request: ParkedStreamRequest) -> None:
        self.server.hashes.setdefault(names.parked_requests(generation, topic, partition), {})[request.stream_id] = (
            request
        )

    async def empty(self) -> None:
        self.server.empty()


class OvertakenWire:
    """Before the second call on a wire something happens."""

    def __init__(self, wire: LossyWire, action: Action) -> None:
        self._wire = wire
        self._action = action
        self._calls = 0

    async def call(self, server: str, operation: Callable[[], T]) -> T:
        self._calls += 1
        if self._calls == 2:
            await self._action()
        return await self._wire.call(server, operation)


def models_in_memory() -> StoredModels:
    """The twins on a store of their own."""
    onlooker, wire = MemoryOnlooker(), LossyWire()
    server = onlooker.server
    return StoredModels(
        MemoryReadModelWriter(server, wire),
        MemoryReadModels(server, wire),
        MemoryStoredDocuments(server, wire),
        wire,
        onlooker,
        lambda action: MemoryReadModelWriter(server, OvertakenWire(wire, action)),
    )


@dataclass
class RedisOnlooker:
    redis: Any
    keys: Keys

    async def contents(self) -> Any:
        content: dict[bytes, Any] = {}
        for key in await self.redis.keys("*"):
            match await self.redis.type(key):
                case b"zset":
                    content[key] = await self.redis.zrange(key, 0, -1, withscores=True)
                case b"hash":
                    content[key] = await self.redis.hgetall(key)
                case b"set":
                    content[key] = await self.redis.smembers(key)
                case _:
                    content[key] = await self.redis.get(key)
        return content

    async def move(self, generation: Generation, topic: str, partition: int, checkpoint: Checkpoint) -> None:
        await self.redis.set(self.keys.checkpoint(generation, topic, partition), write_checkpoint(checkpoint))

    async def switch(self, projection: str, number: int) -> None:
        await self.redis.set(self.keys.live(projection), number)

    async def spoil(self, generation: Generation, document_id: str, value: bytes | None) -> None:
        key = self.keys.document(generation, document_id)
        await (self.redis.delete(key) if value is None else self.redis.set(key, value))

    async def request(self, generation: Generation, topic: str, partition: int, request: ParkedStreamRequest) -> None:
        key = self.keys.parked_requests(generation, topic, partition)
        await self.redis.hset(key, request.stream_id, orjson.dumps(request._asdict()))

    async def empty(self) -> None:
        await self.redis.flushdb()


class OvertakenWriter(RedisReadModelWriter):
    """Between its WATCH and its EXEC something happens."""

    def __init__(self, redis: Any, keys: Keys, action: Action) -> None:
        super().__init__(redis, keys)
        self._action = action

    def _queue(self, pipeline: Any, batch: ReadModelBatch) -> None:
        super()._queue(pipeline, batch)
        execute = pipeline.execute

        async def overtaken(**options: Any) -> Any:
            await self._action()
            return await execute(**options)

        pipeline.execute = overtaken


@asynccontextmanager
async def models_in_redis(settings: Settings) -> AsyncIterator[StoredModels]:
    """The real adapters on a database of their own, over a line that may lose what it carries."""
    assert settings.redis_url is not None
    parts = urlsplit(settings.redis_url.get_secret_value())
    keys = Keys(settings.topic_prefix)
    async with lossy_proxy(parts.port or 6379) as proxy, client(settings) as beside:
        account, mark, _ = parts.netloc.rpartition("@")
        through = urlunsplit(parts._replace(netloc=f"{account}{mark}127.0.0.1:{proxy.port}"))
        async with client(settings.model_copy(update={"redis_url": SecretStr(through)})) as redis:
            yield StoredModels(
                RedisReadModelWriter(redis, keys),
                RedisReadModels(redis, keys),
                RedisStoredDocuments(redis, keys),
                proxy,
                RedisOnlooker(beside, keys),
                lambda action: OvertakenWriter(redis, keys, action),
            )
