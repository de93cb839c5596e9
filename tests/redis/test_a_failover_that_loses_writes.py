"""A failover to a replica that lags: documents and their checkpoint are older, and the lanes read the log again from
there. Then the former primary comes back as a replica; at last the new one comes back with nothing.
"""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio

from infra.accounts import Account
from infra.devstack.ports import free_port
from infra.settings import Settings
from tests.audit import audit
from tests.pausing import paused
from tests.redis.sentinel_group import OWNER, SentinelGroup, sentinel_group
from tests.sent_commands import Sent, create_users
from tests.system import System, running_system
from tests.waiting import until

ANSWER_SECONDS = 30.0


class Scene(NamedTuple):
    system: System
    group: SentinelGroup
    gateway: str


@pytest_asyncio.fixture
async def scene(settings: Settings, tmp_path: Path) -> AsyncIterator[Scene]:
    """A whole system whose Redis is behind sentinels; each process has the login of its account."""
    port = free_port()
    async with sentinel_group(tmp_path) as group:
        behind = settings.model_copy(update=redis_of(group, Account.OPERATOR))
        async with running_system(behind, tmp_path) as system:
            for role in ("command", "saga", "projection"):
                await system.worker(role, **redis_of(group, Account(role)))
            gateway = ("infra.cli.main", "gateway")
            await system.worker("gateway", entry=gateway, http_port=port, **redis_of(group, Account.GATEWAY))
            yield Scene(system, group, f"http://127.0.0.1:{port}")


def redis_of(group: SentinelGroup, account: Account) -> dict[str, Any]:
    own = group.settings(account)
    return {name: getattr(own, name) for name in ("redis_url", "redis_sentinel_username", "redis_sentinel_password")}


async def answers(scene: Scene, users: list[Sent]) -> None:
    """The gateway answers queries again within a bound."""
    async with httpx.AsyncClient(base_url=scene.gateway, timeout=20, trust_env=False) as client:

        async def all_known() -> bool:
            found = [(await client.get(f"/users/{user.stream_id}")).status_code for user in users]
            return found == [200] * len(users)

        await until(all_known, "the gateway answers", seconds=ANSWER_SECONDS)


async def verified(system: System) -> None:
    ran = await system.annals("verify")
    assert ran.code == 0, ran.output + ran.errors


@pytest.mark.timeout(240)
async def test_is_noticed_by_a_running_lane_and_made_good(scene: Scene) -> None:
    system, group, _ = scene
    primary, replica = group.servers
    sent = list(create_users(40))
    system.send(sent)
    await applied(system, len(sent))

    # The replica gets nothing more: it is paused, and what is on its way to it is lost with the connection.
    replica.signal(signal.SIGSTOP)
    await group.ask(primary, "CLIENT", "KILL", "TYPE", "replica")
    late = list(create_users(40))
    system.send(late)
    sent += late
    await applied(system, len(sent))
    whole = await checkpoints(system)
    with paused(system, "projection"):
        await primary.kill()
        replica.signal(signal.SIGCONT)
        await group.becomes_primary(replica)
        assert sum(await checkpoints(system)) < sum(whole), "the new primary lacks what was written last"
        meanwhile = list(create_users(10))
        system.send(meanwhile)
        sent += meanwhile
    await applied(system, len(sent))
    assert sum(await checkpoints(system)) == sum(whole) + 2 * len(meanwhile)
    await answers(scene, [sent[0], late[-1], meanwhile[-1]])
    await audit(system, sent)
    await verified(system)

    # It has nothing on disk, and comes back as a primary: the sentinels make it a replica.
    await primary.start()
    await until(lambda: group.is_replica(primary), "the former primary is a replica", seconds=60)
    more = list(create_users(10))
    system.send(more)
    sent += more
    await applied(system, len(sent))
    await audit(system, sent)

    # Nor has the present one. It is back before the sentinels have missed it, and its replica is empty then too.
    await replica.kill()
    await replica.start()
    await answers(scene, sent[::20])
    await applied(system, len(sent))
    await audit(system, sent)
    await verified(system)
    logs = {worker.role: worker.log() for worker in system.workers}
    assert "another" in logs["projection"], "its lanes say why they have started over"
    for role, log in logs.items():
        assert "Traceback" not in log, f"{role}: {log}"
        assert OWNER not in log


async def applied(system: System, users: int) -> None:
    await system.handled(2 * users)  # each is welcomed
    await system.settled()


async def checkpoints(system: System) -> list[int]:
    return [await system.projected(partition) for partition in range(system.settings.partitions)]
