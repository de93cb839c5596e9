"""Pauses workers, so that a test can damage data that they would write again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.system import System


@contextmanager
def paused(system: System, role: str) -> Iterator[None]:
    """Pause the running workers of a role until the block ends."""
    workers = [worker for worker in system.workers if worker.role == role and worker.process.returncode is None]
    assert workers, f"there is a {role} worker"
    for worker in workers:
        worker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            worker.signal(signal.SIGCONT)
