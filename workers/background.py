"""Tasks that run beside the work of a process. One that ends by itself is said aloud: nobody waits for its result."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


def in_background(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run `work` until it ends or is cancelled; when it dies, the log says of what. The caller keeps the task."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_say_how_it_ended)
    return task


def _say_how_it_ended(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        if not task.cancelling():  # by a CancelledError of somebody else's, as drivers let some out
            log.error("a background task was cancelled by nobody", task=task.get_name())
    elif error := task.exception():
        log.error("a background task has died", task=task.get_name(), exc_info=error)


def asked_to_end() -> bool:
    """Whether a CancelledError is meant for the present task, and not let out by a driver's own."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
