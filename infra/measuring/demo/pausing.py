"""Workers of `annals up` that are held up for some seconds: the honest way to have a context be away.

A worker is paused from outside, by SIGSTOP, as a machine under load or a debugger does it; nothing in it knows of the
demo. However the pause ends, the worker goes on: SIGCONT is sent in any case.
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
    """While in here, the worker of this name stands still; quiet when there is none."""
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
