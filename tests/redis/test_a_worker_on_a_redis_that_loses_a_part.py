"""`annals worker projection` on a Redis that may evict, and then loses some: it says so, is not ready, and goes on."""

from typing import Any

from infra.devstack.ports import free_port
from infra.redis.keys import Keys
from infra.settings import Settings
from tests.redis.test_a_server_that_may_evict import evict
from tests.sent_commands import create_users
from tests.system import System
from tests.telemetry.test_a_running_systems_metrics import Endpoint
from tests.waiting import until
from workers.ports.read_models import Generation

USERS = 60


async def test_rejects_it_with_advice_and_rebuilds_what_is_gone(
    system: System, own_server: Settings, own_redis: Any
) -> None:
    keys = Keys(system.settings.topic_prefix)
    documents, everybody = keys.document(Generation("users"), "*"), keys.index(Generation("users"), "all")
    await own_redis.config_set("maxmemory-policy", "allkeys-lru")
    await system.worker("command")
    users = create_users(USERS)
    system.send(users)
    port = free_port()
    worker = await system.worker("projection", metrics_port=port, redis_url=own_server.redis_url)
    endpoint = Endpoint(worker, port)

    async def says(words: str) -> None:
        async def written() -> bool:
            return words in worker.log()

        await until(written, f"the worker says {words}", seconds=60)

    async def shows(count: int) -> None:
        async def shown() -> bool:
            kept, listed = len(await own_redis.keys(documents)), int(await own_redis.zcard(everybody))
            return (kept, listed) == (count, count)

        await until(shown, f"{count} cards are shown", seconds=60)

    await says("CONFIG SET maxmemory-policy noeviction")
    assert endpoint.status("/readyz") == (503, "not ready")
    assert endpoint.status("/healthz") == (200, "alive")
    assert await own_redis.dbsize() == 0, "nothing was written"
    await own_redis.config_set("maxmemory-policy", "noeviction")
    await endpoint.becomes("/readyz", (200, "ready"))
    await shows(USERS)

    await own_redis.config_set("maxmemory-policy", "allkeys-random")
    await endpoint.becomes("/readyz", (503, "not ready"))
    await evict(own_redis)
    await endpoint.becomes("/readyz", (200, "ready"))
    await shows(USERS)

    await own_redis.delete(keys.document(Generation("users"), users[0].stream_id))
    await shows(USERS)
    await own_redis.zrem(everybody, f"\0{users[1].stream_id}")
    await shows(USERS)
    await says("the read-model store had lost documents")
    assert endpoint.total("annals_projection_documents_lost_total", projection="users") >= 2
    await endpoint.becomes("/readyz", (200, "ready"))

    # Positions lost, all of them, beside documents that stay; and then all that there is.
    positions = keys.checkpoint(Generation("users"), "*", 0)[:-1] + "*"
    checkpoints = await own_redis.keys(positions)
    await own_redis.delete(*checkpoints)

    async def again() -> bool:
        return bool(set(await own_redis.keys(positions)) == set(checkpoints))

    await until(again, "every lane has begun again", seconds=60)
    await own_redis.flushall()
    await shows(USERS)
    await endpoint.becomes("/readyz", (200, "ready"))
    assert "lane stopped by a bug" not in worker.log()
    assert own_redis.connection_pool.connection_kwargs["password"] not in worker.log()
