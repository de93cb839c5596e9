"""Pauses workers of `annals up` for some seconds, so that a context does not answer.

A worker is paused from outside, by SIGSTOP, as an overloaded machine or a debugger would do it; the worker does not
know of the demo. However the pause ends, SIGCONT is sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from infra.child_processes.records import read_record
from infra.home import Home
from infra.settings import Settings


def can_be_paused(settings: Settings, *names: str) -> bool:
    """Whether these workers run here, started by the `annals up` of this home."""
    return all(_process(settings, name) is not None for name in names)


@contextmanager
def paused(settings: Settings, name: str) -> Iterator[None]:
    """Pauses the worker of this name while the block runs; does nothing when there is none."""
    process = _process(settings, name)
    if process is None:
        yield
        return
    try:
        process.suspend()
        yield
    finally:
        with suppress(psutil.NoSuchProcess):  # it was killed meanwhile; `annals up` starts another
            process.resume()


def _process(settings: Settings, name: str) -> psutil.Process | None:
    record = read_record(Home(settings.home), name)
    return None if record is None else record.process()
