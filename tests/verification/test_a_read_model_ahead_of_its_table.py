"""`annals verify` on a read model whose checkpoint passes over what the table has yet to get."""

import pytest

from tests.pausing import paused
from tests.system import System
from tests.verification.command import verified
from tests.verification.test_verify_says_what_differs import settled_users
from tests.waiting import until


@pytest.mark.timeout(300)
async def test_is_named_until_a_worker_builds_it_again(system: System) -> None:
    await settled_users(system, 1)
    (position, *_) = await system.redis.keys(f"{system.settings.topic_prefix}annals:users:1:checkpoint:*")
    with paused(system, "projection"):
        await system.redis.set(position, "1000000:0:")
        code, verdict = await verified(system)
        assert (code, verdict["found"]) == (1, {"read model ahead of the table": 1})

    async def rebuilt() -> bool:
        return not (await system.redis.get(position)).startswith(b"1000000:")

    await until(rebuilt, "the lane has begun again", seconds=120)
    await system.settled()
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {})
