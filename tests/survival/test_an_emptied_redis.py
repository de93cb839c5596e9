"""Redis loses all data: the read models are rebuilt without help, under load and at rest."""

import pytest

from tests.audit import audit
from tests.sent_commands import create_users
from tests.system import System
from tests.waiting import until


@pytest.mark.timeout(240)
async def test_is_noticed_and_rebuilt(system: System) -> None:
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    sent = list(create_users(3000))
    system.send(sent)

    async def half_way() -> bool:
        return sum([await system.projected(partition) for partition in range(6)]) > 1000

    await until(half_way, "the projection has applied some events")
    await system.redis.flushdb()
    await system.settled()
    await audit(system, sent)
    await system.redis.flushdb()
    await system.settled()
    await audit(system, sent)
