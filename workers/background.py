"""Background tasks of a process. Nobody waits for their results, so an unexpected end is logged as an error."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


def in_background(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run `work` until it ends or is cancelled; log the exception if it fails. The caller must keep the task."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_log_unexpected_end)
    return task


def _log_unexpected_end(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        if not task.cancelling():  # by a CancelledError that a driver let out
            log.error("a background task ended with a cancellation that nobody requested", task=task.get_name())
    elif error := task.exception():
        log.error("a background task has failed", task=task.get_name(), exc_info=error)


def asked_to_end() -> bool:
    """Tell whether a CancelledError is meant for the current task, and was not let out by a driver."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
