"""The end of a process whose schedule is over: its tasks are closed, and no step of them runs."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

from tests.simulation.process import Process


class _EndedLoop(asyncio.AbstractEventLoop):
    """Where a coroutine that is being closed wants to begin another one, which nobody would ever await."""

    def create_task(self, coro: Coroutine[Any, Any, Any], **_: Any) -> NoReturn:  # type: ignore[override]
        coro.close()
        raise RuntimeError("the schedule is over")


def discard(process: Process) -> None:
    """Close the tasks of a process silently.

    A coroutine that waits in a `finally` block has to be closed once more for each of them.
    """
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(_EndedLoop())  # type: ignore[abstract]  # nothing else of it is asked for
    try:
        for task in process.tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                _close(task.get_coro())
    finally:
        asyncio._set_running_loop(running)
    process.tasks.clear()


def _close(coroutine: Any) -> None:
    for _ in range(20):
        try:
            coroutine.close()
            break
        except Exception:  # noqa: BLE001, S112  # its schedule is over
            continue
