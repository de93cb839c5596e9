"""A request is about the event that the operator saw: a stream that waits with another one by then is left alone."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from infra.parking.parked_streams import Kind, ParkedStreams, Waiting
from infra.postgres.saga_store import PostgresSagaStore
from infra.processes.resources import database_for
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from tests.system import System
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.ports.read_models import START, Checkpoint, Generation, ReadModelBatch
from workers.ports.sagas import SagaBatch

TOPIC = "users.events"
SEEN, NOW = 3, 5
LANE = LaneKey("saga", TOPIC, 0)


def parked(kind: Kind, version: int) -> ParkedStream:
    follower = "users" if kind == "projection" else "welcome"
    time = "2026-01-01T00:00:00.000000Z"
    return ParkedStream(follower, "ada", version, version, "users.UserUpdated.v1", "KeyError", 3, time)


class Stores(NamedTuple):
    """A stream that waits in both stores, with the event of version NOW."""

    streams: ParkedStreams
    writer: RedisReadModelWriter
    sagas: PostgresSagaStore

    async def parked_requests(self, kind: Kind) -> list[ParkedStreamRequest]:
        if kind == "saga":
            return list(await self.sagas.parked_requests(LANE))
        return list(await self.writer.parked_requests(Generation("users"), TOPIC, 0))


@pytest_asyncio.fixture
async def stores(system: System) -> AsyncIterator[Stores]:
    keys = Keys(system.settings.topic_prefix)
    writer = RedisReadModelWriter(system.redis, keys)
    database = database_for(system.settings, role="annals_writer", connections=1)
    await database.open()
    try:
        sagas = PostgresSagaStore(database)
        grant = await sagas.acquire(LANE, "tester")
        await sagas.commit(SagaBatch(LANE, grant.epoch, 1, 0, 0, NOW, [], [], [parked("saga", NOW)]))
        place = (Generation("users"), TOPIC, 0, START, Checkpoint(NOW, NOW))
        await writer.commit(ReadModelBatch(*place, {}, [], [], [parked("projection", NOW)]))
        yield Stores(ParkedStreams(database, system.redis, keys, 1), writer, sagas)
    finally:
        await database.close()


@pytest.mark.parametrize("kind", ["projection", "saga"])
async def test_and_about_no_other(stores: Stores, kind: Kind) -> None:
    seen = Waiting(kind, "users", TOPIC, 0, parked(kind, SEEN), None)
    await stores.streams.ask(seen, "skip")
    assert await stores.parked_requests(kind) == []
    await stores.streams.ask(seen._replace(parked=parked(kind, NOW)), "skip")
    assert await stores.parked_requests(kind) == [ParkedStreamRequest(parked(kind, NOW).follower, "ada", "skip")]


@pytest.mark.parametrize("kind", ["projection", "saga"])
async def test_and_about_none_that_does_not_wait(stores: Stores, kind: Kind) -> None:
    gone = parked(kind, NOW)._replace(stream_id="bob")
    await stores.streams.ask(Waiting(kind, "users", TOPIC, 0, gone, None), "retry")
    assert await stores.parked_requests(kind) == []
