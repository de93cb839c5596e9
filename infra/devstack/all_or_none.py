"""What is begun side by side, and is of use only as a whole."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any


async def all_or_none(
    works: Iterable[Coroutine[Any, Any, None]], before_cancelling: Callable[[], Any] = lambda: None
) -> None:
    """Waits for all. The first failure, or a cancellation, ends the others, and is raised when none is left.
    `before_cancelling` is for what a cancelled task leaves running, such as a thread.
    """
    tasks = [asyncio.create_task(work) for work in works]
    if not tasks:
        return
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        if not all(task.done() for task in tasks):
            before_cancelling()
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
