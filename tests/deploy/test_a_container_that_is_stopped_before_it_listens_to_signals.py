"""A SIGTERM that comes before the process handles it ends the container at once, not when its grace has passed.

The kernel drops such a signal of a first process, so tini is the first process and passes it on. A worker that looks
for servers which nobody has named handles none yet; it is the longest such time.
"""

from typing import Any

import pytest

from tests.deploy.containers import KILLED, READ_ONLY, TERMINATED, Containers

SHORT_GRACE_SECONDS = 5
NOBODY_HAS_NAMED_SERVERS: dict[str, Any] = {"kafka_bootstrap_servers": None, "database_url": None, "redis_url": None}

pytestmark = [pytest.mark.alone, pytest.mark.timeout(1200)]


async def test_ends_by_it(containers: Containers) -> None:
    worker = await containers.role("worker", "command", **NOBODY_HAS_NAMED_SERVERS)
    assert (await worker.stop()).code == TERMINATED


async def test_would_be_killed_with_annals_as_the_first_process(containers: Containers) -> None:
    as_first = (*READ_ONLY, "--entrypoint", '["annals"]')
    worker = await containers.role("worker", "command", options=as_first, **NOBODY_HAS_NAMED_SERVERS)
    assert (await worker.stop(SHORT_GRACE_SECONDS)).code == KILLED
