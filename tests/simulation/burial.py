"""How a simulated process ends once its schedule has been judged."""

from tests.simulation.process import Process


def bury(process: Process) -> None:
    """End the tasks of a process whose run has been judged, without a word and without a further step.

    A coroutine that waits in a `finally` has to be closed once more for each of them.
    """
    for task in process.tasks:
        if not task.done():
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine = task.get_coro()
            for _ in range(20):
                try:
                    coroutine.close()
                    break
                except Exception:  # noqa: BLE001, S112  # whatever it says while it ends, it is over
                    continue
    process.tasks.clear()
