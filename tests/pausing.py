"""Workers that stand still for a while, so that a test may spoil what they would write again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.system import System


@contextmanager
def paused(system: System, role: str) -> Iterator[None]:
    """Meanwhile the workers of a role stand still."""
    workers = [each for each in system.workers if each.role == role and each.process.returncode is None]
    assert workers, f"there is a {role} worker"
    for worker in workers:
        worker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            worker.signal(signal.SIGCONT)
