"""The end of a process whose schedule is over: its tasks are closed, and no step of them runs."""

from tests.simulation.process import Process


def discard(process: Process) -> None:
    """Close the tasks of a process silently.

    A coroutine that waits in a `finally` block has to be closed once more for each of them.
    """
    for task in process.tasks:
        if not task.done():
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine = task.get_coro()
            for _ in range(20):
                try:
                    coroutine.close()
                    break
                except Exception:  # noqa: BLE001, S112  # its schedule is over
                    continue
    process.tasks.clear()
