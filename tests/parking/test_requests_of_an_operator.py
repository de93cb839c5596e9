"""What an operator requests for parked streams is recorded before it is stored, and waited for within a bound."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from contracts.topics import Topics
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.parked_streams import MemoryParkedByProjections
from infra.memory.wire import DirectWire
from tests.projection.section_scene import WHOLE, Scene, failing_on, read_on
from workers.domain.users import context as users
from workers.operations.interventions import Operator
from workers.operations.parked_streams import (
    NotParked,
    ParkedStreamPorts,
    RequestResult,
    named,
    parked_streams,
    request,
    wait_until_done,
    waiting_events,
)
from workers.ports.interventions import Reason
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStream, ParkedStreamAction, ParkedStreamListing

TIMES = ("2026-01-03T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z")


def waiting(stream_id: str, recorded_at: str) -> ParkedStreamListing:
    stream = ParkedStream("welcome", stream_id, 3, 7, "users.UserUpdated.v1", "KeyError", 3, recorded_at)
    return ParkedStreamListing("saga", "users.events", 0, stream, None)


class Store:
    """Parked streams of sagas. Their owner does what is requested at the look number `done_at_look`."""

    def __init__(self, done_at_look: int | None = None) -> None:
        self.listings = [waiting(stream_id, time) for stream_id, time in zip("abc", TIMES, strict=True)]
        self.recorded_before: list[int] = []
        self.rows = InterventionRows(lambda: datetime(2026, 5, 4, tzinfo=UTC))
        self._done_at_look = done_at_look
        self._looks = 0
        self.away = False

    async def of_topic(self, _: str) -> Sequence[ParkedStreamListing]:
        self._looks += 1
        if self._looks == self._done_at_look:
            self.listings = [listing for listing in self.listings if not listing.requested]
        return self.listings

    async def of_projection(self, projection: str, topic: str) -> Sequence[ParkedStreamListing]:
        raise AssertionError((projection, topic))

    async def request(self, wanted: ParkedStreamListing, action: ParkedStreamAction) -> None:
        if self.away:
            raise Unavailable("Postgres", "it is away")
        self.recorded_before.append(len(self.rows.rows))
        self.listings = [
            listing._replace(requested=action) if listing == wanted else listing for listing in self.listings
        ]


class Clock:
    """Its time goes on while its caller waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def ports_on(store: Store) -> ParkedStreamPorts:
    return ParkedStreamPorts({"users": replace(users, projections=())}, Topics(), store, store)


def operator_on(store: Store) -> Operator:
    return Operator(MemoryInterventions(store.rows, DirectWire()), "Grace", Reason("the city is known now"))


async def test_each_is_recorded_before_it_is_stored() -> None:
    store = Store()
    listings = await parked_streams(ports_on(store))
    assert [listing.stream.stream_id for listing in listings] == ["b", "c", "a"]
    await request(ports_on(store), operator_on(store), listings, "retry")
    assert store.recorded_before == [1, 2, 3]
    row = store.rows.rows[0]
    assert (row.actor, row.action, row.target, row.reason) == (
        "Grace", "parked-retry", "saga:welcome/b", "the city is known now",
    )  # fmt: skip
    assert row.details == {"stream_version": 3, "event_type": "users.UserUpdated.v1"}


async def test_one_that_could_not_be_stored_is_in_the_record() -> None:
    store = Store()
    store.away = True
    with pytest.raises(Unavailable):
        await request(ports_on(store), operator_on(store), store.listings[:1], "skip")
    assert [row.action for row in store.rows.rows] == ["parked-skip"]


async def test_is_waited_for_until_the_lanes_owner_has_done_it() -> None:
    store, clock = Store(done_at_look=3), Clock()
    chosen = named(store.listings, ["saga:welcome/c", "saga:welcome/a", "saga:welcome/c"])
    await request(ports_on(store), operator_on(store), chosen, "retry")
    result = await wait_until_done(ports_on(store), chosen, None, clock, 30)
    assert result == RequestResult(["saga:welcome/c", "saga:welcome/a"], [])
    assert clock.seconds < 1


async def test_is_not_waited_for_longer_than_asked() -> None:
    store, clock = Store(), Clock()
    chosen = store.listings[:1]
    await request(ports_on(store), operator_on(store), chosen, "retry")
    result = await wait_until_done(ports_on(store), chosen, "welcome", clock, 2)
    assert result == RequestResult([], [chosen[0]._replace(requested="retry")])
    assert 2 < clock.seconds < 3


async def test_needs_streams_that_are_parked() -> None:
    with pytest.raises(NotParked, match="not parked: saga:welcome/x, saga:welcome/y;"):
        named(Store().listings, ["saga:welcome/x", "saga:welcome/a", "saga:welcome/y"])


async def test_other_followers_are_left_out() -> None:
    assert await parked_streams(ports_on(Store()), "someone else") == []


async def test_of_a_section_are_named_apart_from_its_projection() -> None:
    scene, store = Scene(failing_on("order-3")[0]), Store()
    await read_on(scene.lane)
    by_projections = MemoryParkedByProjections(scene.store.server, scene.store.line, partitions=1)
    ports = ParkedStreamPorts({"users": users}, Topics(), by_projections, store)
    (listing,) = await parked_streams(ports, "users/orders")
    assert listing.name == "projection:users/orders/order-3"
    assert [row.stream_id for row in await waiting_events(ports, scene.table, listing, 10)] == ["order-3"]
    assert await parked_streams(ports, "users") == []
    await request(ports, operator_on(store), [listing], "skip")
    await scene.lane.idle()
    assert await parked_streams(ports, "users/orders") == []
    assert await scene.counts() == WHOLE | {"ada": 2}
