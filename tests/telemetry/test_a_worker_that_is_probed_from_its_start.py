"""A worker of any role that is asked from its first moment whether it is ready becomes ready at its first attempt."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.health import Health
from tests.system import System

PROBES = 2
PAUSE_SECONDS = 0.002


@contextmanager
def probed(port: int) -> Iterator[None]:
    """Within the block threads ask without a pause to speak of; a loop of asyncio would be too slow to hit a moment."""
    ended = threading.Event()
    threads = [threading.Thread(target=_probe, args=(port, ended)) for _ in range(PROBES)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _probe(port: int, ended: threading.Event) -> None:
    while not ended.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            connection.getresponse().read()
        except OSError:
            time.sleep(PAUSE_SECONDS)
        finally:
            connection.close()


@pytest.mark.parametrize("role", ["command", "saga", "projection", "analytics", "audit"])
async def test_becomes_ready_at_its_first_attempt(system: System, role: str) -> None:
    health = Health()
    with probed(health.port):
        worker = await system.worker(role, metrics_port=health.port)
        await health.ready()
    assert "worker waits" not in worker.log()
