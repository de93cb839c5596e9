"""The loops' logs in a simulation: dropped, or written to the trace. Logged exceptions are findings."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from tests.simulation.process import PROCESS


class LogSink:
    """Where the logs go now."""

    bugs: list[str] = []  # noqa: RUF012  # one schedule at a time
    note: Callable[..., None] | None = None


class CapturingLogger:
    """A logger that formats nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Ignore what structlog passes."""

    def debug(self, event: str, **facts: Any) -> None:
        if LogSink.note is not None:
            process = PROCESS.get()
            LogSink.note("log", "outside" if process is None else process.name, event, facts)

    info = warning = error = debug

    def exception(self, event: str, **facts: Any) -> None:
        """Keep the exception: it is a bug."""
        raised = sys.exc_info()[1]
        LogSink.bugs.append(f"{event}: {raised!r} {facts}")
        self.debug(event, **facts, raised=repr(raised))


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Meanwhile every logger is a `CapturingLogger`."""
    before = structlog.get_config()
    logger: Any = CapturingLogger
    structlog.configure(wrapper_class=logger, processors=[], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def collected_bugs(note: Callable[..., None] | None) -> Iterator[list[str]]:
    """The exceptions that are logged meanwhile; every line goes to `note`, if there is one."""
    LogSink.bugs, LogSink.note = [], note
    try:
        yield LogSink.bugs
    finally:
        LogSink.bugs, LogSink.note = [], None
