"""The loops' logs in a simulation: dropped, or part of the trace; and the bugs among them, which are findings."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from tests.simulation.process import PROCESS


class Ears:
    """What hears the logs now."""

    bugs: list[str] = []  # noqa: RUF012  # one schedule at a time
    note: Callable[..., None] | None = None


class SilentLogger:
    """A logger whose lines cost nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """What structlog gives is of no use."""

    def debug(self, event: str, **facts: Any) -> None:
        if Ears.note is not None:
            process = PROCESS.get()
            Ears.note("log", "outside" if process is None else process.name, event, facts)

    info = warning = error = debug

    def exception(self, event: str, **facts: Any) -> None:
        """A bug."""
        raised = sys.exc_info()[1]
        Ears.bugs.append(f"{event}: {raised!r} {facts}")
        self.debug(event, **facts, raised=repr(raised))


@contextmanager
def silent() -> Iterator[None]:
    """Give every logger of the loops up to a `SilentLogger`."""
    before = structlog.get_config()
    logger: Any = SilentLogger
    structlog.configure(wrapper_class=logger, processors=[], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def heard(note: Callable[..., None] | None) -> Iterator[list[str]]:
    """The bugs that are logged meanwhile; every line goes to `note`, if there is one."""
    Ears.bugs, Ears.note = [], note
    try:
        yield Ears.bugs
    finally:
        Ears.bugs, Ears.note = [], None
