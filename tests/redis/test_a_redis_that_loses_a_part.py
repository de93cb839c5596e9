"""The projection's lane on a Redis that evicts, is edited by hand, or has foreign keys in the place of ours."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from contracts.catalogue import stored_events
from contracts.topics import Topics
from contracts.users.events import UserCreated, UserUpdated
from infra.redis.documents import RedisStoredDocuments
from infra.redis.keys import Keys
from infra.redis.read_model_writer import RedisReadModelWriter
from tests.lanes.recorded_rows import TOPIC, RowsInMemory, event_rows, inbound_all
from tests.projection.lossy_scene import Hands
from tests.redis.test_a_server_that_may_evict import evict
from workers.domain.users.card import card
from workers.lanes.work import Restart
from workers.ports.lanes import Unavailable
from workers.ports.read_models import EvictionAllowed, Generation, PartlyWritten
from workers.projection.lane import ProjectionLane

USERS = [f"user-{number:03}" for number in range(100)]
CREATED = [
    UserCreated(
        user_id=user_id, first_name="Ada", last_name="L", email=f"{user_id}@example.org", city="Turin", locale="und"
    )
    for user_id in USERS
]
MOVED = [UserUpdated(user_id=user_id, city="Oslo") for user_id in USERS[:50]]
ROWS = event_rows(*CREATED, *MOVED)
LOG = inbound_all(ROWS)
KEYS, LIVE = Keys("t."), Generation("users")
DOCUMENT, INDEX = (f"t.annals:users:1:{kind}:" for kind in ("document", "index"))


class Scene:
    """A lane on a Redis; `whole` is its contents before the loss."""

    def __init__(self, redis: Any) -> None:
        self.redis, self.hands = redis, Hands()
        writer, table = RedisReadModelWriter(redis, KEYS), RowsInMemory(ROWS)
        self.lane = ProjectionLane(card, Topics(), 0, stored_events(), table, writer, clock=self.hands)
        self.whole: Any = None

    async def contents(self) -> Any:
        stored = RedisStoredDocuments(self.redis, KEYS)
        ids = sorted([document_id async for page in stored.document_ids(LIVE) for document_id in page])
        look = await stored.at_one_moment(LIVE, TOPIC, [0], ids)
        names = ("all", "email", "city")
        entries = [entry for name in names async for page in stored.index_entries(LIVE, name) for entry in page]
        return look.documents, entries, look.sequences

    async def begin(self) -> "Scene":
        assert await self.lane.acquire() == 0
        await self.lane.handle(LOG)
        self.whole = await self.contents()
        assert len(self.whole[0]) == 100
        return self

    async def begin_where_it_is(self) -> None:
        """Read the log from the stored checkpoint to its end."""
        await self.go_on()
        self.whole = await self.contents()

    async def go_on(self) -> None:
        """Acquire the lane again, as a runner does after a fault."""
        offset = await self.lane.acquire()
        await self.lane.handle(LOG[offset:])

    async def look(self) -> None:
        self.hands.turn()
        await self.lane.idle()


async def evicted(redis: Any) -> None:
    await evict(redis)
    left = await redis.keys(f"{DOCUMENT}*")
    if len(left) == 100:  # it may have chosen others
        await redis.delete(left[0])


async def rename(redis: Any) -> None:
    await redis.rename(f"{DOCUMENT}{USERS[3]}", "elsewhere")


async def expire(redis: Any) -> None:
    await redis.pexpire(f"{DOCUMENT}{USERS[3]}", 1)
    while await redis.exists(f"{DOCUMENT}{USERS[3]}"):
        pass


async def another_type(redis: Any) -> None:
    await redis.delete(f"{DOCUMENT}{USERS[3]}")
    await redis.lpush(f"{DOCUMENT}{USERS[3]}", "not a document")


async def forgotten(redis: Any) -> None:
    checkpoint = await redis.get(KEYS.checkpoint(LIVE, TOPIC, 0))
    await redis.flushdb()
    await redis.set(KEYS.checkpoint(LIVE, TOPIC, 0), checkpoint)


LOSSES: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "evicted": evicted,
    "one deleted": lambda redis: redis.delete(f"{DOCUMENT}{USERS[3]}"),
    "an index deleted": lambda redis: redis.delete(f"{INDEX}email"),
    "a part of an index deleted": lambda redis: redis.zremrangebyrank(f"{INDEX}city", 10, 30),
    "the index of all deleted": lambda redis: redis.delete(f"{INDEX}all"),
    "renamed": rename,
    "expired": expire,
    "a key of another type": another_type,
    "emptied but for the checkpoint": forgotten,
    "unlinked": lambda redis: redis.unlink(*[f"{DOCUMENT}{user_id}" for user_id in USERS[:40]]),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_is_made_whole_again(own_redis: Any, loss: str) -> None:
    scene = await Scene(own_redis).begin()
    await scene.look()
    await LOSSES[loss](own_redis)
    for _ in range(4):
        try:
            await scene.look()
        except Restart:
            with suppress(Restart):
                await scene.go_on()
    assert await scene.contents() == scene.whole
    await scene.look()


async def test_is_not_worked_on_while_it_may_evict(own_redis: Any) -> None:
    scene = await Scene(own_redis).begin()
    await own_redis.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(EvictionAllowed):
        await scene.look()
    with pytest.raises(EvictionAllowed):
        await scene.lane.acquire()
    await own_redis.delete(*[f"{DOCUMENT}{user_id}" for user_id in USERS[:35]])
    await own_redis.config_set("maxmemory-policy", "noeviction")
    assert await scene.lane.acquire() > 0
    assert await scene.contents() == scene.whole


async def test_names_the_foreign_key_and_is_whole_when_that_is_gone(
    own_redis: Any,
) -> None:
    scene = Scene(own_redis)
    await scene.lane.acquire()
    await own_redis.lpush(f"{INDEX}email", "not an index")
    with pytest.raises(PartlyWritten, match=f"ZADD {INDEX}email was refused: WRONGTYPE.*DEL it") as caught:
        await scene.lane.handle(LOG)
    assert "example.org" not in str(caught.value)
    with pytest.raises(Unavailable):
        await scene.lane.acquire()
    await own_redis.delete(f"{INDEX}email")
    await scene.lane.acquire()
    documents, entries, reached = await scene.contents()
    assert (len(documents), len(entries), reached) == (100, 300, {0: 150})


async def test_without_memory_left_reports_nothing_of_what_a_document_holds(own_redis: Any) -> None:
    scene = Scene(own_redis)
    await scene.lane.acquire()
    await own_redis.config_set("maxmemory", 1)
    with pytest.raises(Unavailable, match="maxmemory") as caught:
        await scene.lane.handle(LOG)
    assert "example.org" not in str(caught.value)
    await own_redis.config_set("maxmemory", 0)
    await scene.begin()
