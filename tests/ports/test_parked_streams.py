"""Parked streams are listed with their lanes, and a request is about the event that the operator saw: a stream that is
parked at another event by then is left alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import pytest
import pytest_asyncio

from infra.memory.event_store import MemoryEventStore
from infra.memory.parked_streams import MemoryParkedByProjections, MemoryParkedBySagas
from infra.memory.read_models import MemoryReadModelWriter
from infra.postgres.parked_streams import PostgresParkedStreams
from infra.redis.parked_streams import RedisParkedStreams
from tests.ports.stored_models import StoredModels
from tests.ports.tables import SagaStores, Tables
from workers.ports.lanes import LaneKey
from workers.ports.parked import (
    FollowerKind,
    ParkedByProjections,
    ParkedBySagas,
    ParkedStream,
    ParkedStreamListing,
    ParkedStreamRequest,
)
from workers.ports.read_models import START, Checkpoint, Generation, ReadModelBatch
from workers.ports.sagas import SagaBatch
from workers.ports.sections import follower_name, lane_topic

TOPIC = "users.events"
SEEN, NOW = 3, 5
USERS = Generation("users")
OLD, YOUNG = "2026-01-01T00:00:00.000000Z", "2026-02-02T00:00:00.000000Z"
KINDS: Sequence[FollowerKind] = ("projection", "saga")


def parked(kind: FollowerKind, stream_id: str, version: int, recorded_at: str = OLD) -> ParkedStream:
    follower = "users" if kind == "projection" else "welcome"
    return ParkedStream(follower, stream_id, version, version, "users.UserUpdated.v1", "KeyError", 3, recorded_at)


def listing(kind: FollowerKind, partition: int, stream: ParkedStream) -> ParkedStreamListing:
    return ParkedStreamListing(kind, TOPIC, partition, stream, None)


class Stores(NamedTuple):
    """Both kinds of stores. In each, `ada` is parked at the event NOW in partition 0, and `bob`, who waits for longer,
    in partition 1.
    """

    projections: ParkedByProjections
    sagas: ParkedBySagas
    requests: Callable[[FollowerKind], Awaitable[list[ParkedStreamRequest]]]

    def of(self, kind: FollowerKind) -> ParkedByProjections | ParkedBySagas:
        return self.projections if kind == "projection" else self.sagas

    async def listings(self, kind: FollowerKind) -> list[ParkedStreamListing]:
        if kind == "projection":
            return list(await self.projections.of_projection("users", TOPIC))
        return list(await self.sagas.of_topic(TOPIC))


def _adapters(models: StoredModels, tables: Tables) -> tuple[ParkedByProjections, ParkedBySagas]:
    writer, store = models.writer, tables.store
    if isinstance(writer, MemoryReadModelWriter):
        assert isinstance(store, MemoryEventStore)
        return (
            MemoryParkedByProjections(writer._server, writer._wire, 2),
            MemoryParkedBySagas(store._table, store._wire),
        )
    assert not isinstance(store, MemoryEventStore)
    return RedisParkedStreams(writer._redis, writer._keys, 2), PostgresParkedStreams(store._database)


@pytest_asyncio.fixture
async def stores(models: StoredModels, tables: Tables) -> Stores:
    sagas: SagaStores = tables.sagas
    for partition, stream_id, recorded_at in ((0, "ada", YOUNG), (1, "bob", OLD)):
        lane = LaneKey("saga", TOPIC, partition)
        grant = await sagas.acquire(lane, "tester")
        waiting = parked("saga", stream_id, NOW, recorded_at)
        await sagas.commit(SagaBatch(lane, grant.epoch, 1, 0, 0, NOW, [], [], [waiting]))
        waiting = parked("projection", stream_id, NOW, recorded_at)
        await models.writer.commit(
            ReadModelBatch(USERS, TOPIC, partition, START, Checkpoint(NOW, NOW), {}, [], [], [waiting])
        )

    async def requests(kind: FollowerKind) -> list[ParkedStreamRequest]:
        if kind == "saga":
            return list(await sagas.parked_requests(LaneKey("saga", TOPIC, 0)))
        return list(await models.writer.parked_requests(USERS, TOPIC, 0))

    return Stores(*_adapters(models, tables), requests)


@pytest.mark.parametrize("kind", KINDS)
async def test_are_listed_with_their_lanes(stores: Stores, kind: FollowerKind) -> None:
    ada = listing(kind, 0, parked(kind, "ada", NOW, YOUNG))
    bob = listing(kind, 1, parked(kind, "bob", NOW))
    in_order = [ada, bob] if kind == "projection" else [bob, ada]
    assert await stores.listings(kind) == in_order
    await stores.of(kind).request(ada, "retry")
    requested = [listing._replace(requested="retry") if listing == ada else listing for listing in in_order]
    assert await stores.listings(kind) == requested
    assert await stores.projections.of_projection("users", "orders.events") == []
    assert await stores.sagas.of_topic("orders.events") == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_is_about_the_event_that_was_seen(stores: Stores, kind: FollowerKind) -> None:
    seen = listing(kind, 0, parked(kind, "ada", SEEN))
    await stores.of(kind).request(seen, "skip")
    assert await stores.requests(kind) == []
    now = seen._replace(stream=parked(kind, "ada", NOW))
    await stores.of(kind).request(now, "skip")
    assert await stores.requests(kind) == [ParkedStreamRequest(now.stream.follower, "ada", "skip")]
    await stores.of(kind).request(now, "retry")
    assert await stores.requests(kind) == [ParkedStreamRequest(now.stream.follower, "ada", "retry")]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_about_a_stream_that_is_not_parked_does_nothing(stores: Stores, kind: FollowerKind) -> None:
    await stores.of(kind).request(listing(kind, 0, parked(kind, "eve", NOW)), "retry")
    assert await stores.requests(kind) == []


async def test_of_a_section_are_listed_and_requested_beside_those_of_its_projection(
    models: StoredModels, stores: Stores
) -> None:
    lanes = lane_topic(TOPIC, "orders")
    stream = parked("projection", "ada", NOW)._replace(follower=follower_name("users", "orders"))
    await models.writer.commit(
        ReadModelBatch(USERS, lanes, 0, START, Checkpoint(NOW, NOW), {}, [], [], [stream], section="orders")
    )
    (of_section,) = await stores.projections.of_projection("users", lanes)
    assert of_section == ParkedStreamListing("projection", lanes, 0, stream, None)
    assert of_section.name == "projection:users/orders/ada"
    await stores.projections.request(of_section, "retry")
    assert await models.writer.parked_requests(USERS, lanes, 0) == [ParkedStreamRequest("users/orders", "ada", "retry")]
    assert await stores.requests("projection") == [], "the projection's own stream of this name has no request"
