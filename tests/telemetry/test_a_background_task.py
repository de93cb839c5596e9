"""A background task of a process logs its failure, and can tell its own cancellation from a driver's."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from workers.background import asked_to_end, in_background


async def logged(work: Coroutine[Any, Any, None], *, cancel: bool = False) -> list[tuple[str, str, str]]:
    """The log lines about a task: level, event and the name of the task."""
    with capture_logs() as logs:
        task = in_background(work, "tidying up")
        await asyncio.sleep(0)
        if cancel:
            task.cancel()
        await asyncio.wait({task}, timeout=5.0)
        await asyncio.sleep(0)
    return [(line["log_level"], line["event"], line["task"]) for line in logs]


async def fails() -> None:
    raise LookupError("a bug for the test")


async def is_cancelled_by_a_driver() -> None:
    raise asyncio.CancelledError


async def ends() -> None:
    await asyncio.sleep(0)


async def continues() -> None:
    await asyncio.Event().wait()


async def test_that_fails_logs_its_failure() -> None:
    assert await logged(fails()) == [("error", "a background task has failed", "tidying up")]


async def test_that_ends_because_a_driver_raised_its_own_cancellation_logs_that_too() -> None:
    assert await logged(is_cancelled_by_a_driver()) == [
        ("error", "a background task ended with a cancellation that nobody requested", "tidying up")
    ]


@pytest.mark.parametrize(("work", "cancel"), [(ends, False), (continues, True)], ids=["ends", "is cancelled"])
async def test_that_ends_as_expected_logs_nothing(work: Any, cancel: bool) -> None:
    assert await logged(work(), cancel=cancel) == []


@pytest.mark.parametrize(("cancel", "is_meant"), [(True, True), (False, False)])
async def test_knows_whether_a_cancellation_is_meant_for_it(cancel: bool, is_meant: bool) -> None:
    answers: list[bool] = []

    async def work() -> None:
        try:
            if cancel:
                await asyncio.Event().wait()
            raise asyncio.CancelledError
        except asyncio.CancelledError:
            answers.append(asked_to_end())

    await logged(work(), cancel=cancel)
    assert answers == [is_meant]


def test_code_outside_of_any_task_is_always_asked_to_end() -> None:
    """As when the event loop is closed."""
    loop = asyncio.new_event_loop()
    answers: list[bool] = []
    loop.call_soon(lambda: answers.append(asked_to_end()))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert answers == [True]
