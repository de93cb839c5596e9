"""A task that runs beside the work of a process does not die in silence, and knows who asks it to end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from workers.background import asked_to_end, in_background


async def said(work: Coroutine[Any, Any, None], *, cancel: bool = False) -> list[tuple[str, str, str]]:
    """What the log says of a task: at which level, what, and of which."""
    with capture_logs() as logs:
        task = in_background(work, "tidying up")
        await asyncio.sleep(0)
        if cancel:
            task.cancel()
        await asyncio.wait({task}, timeout=5.0)
        await asyncio.sleep(0)
    return [(each["log_level"], each["event"], each["task"]) for each in logs]


async def dies() -> None:
    raise LookupError("a bug for the test")


async def is_cancelled_by_a_driver() -> None:
    raise asyncio.CancelledError


async def ends() -> None:
    await asyncio.sleep(0)


async def goes_on() -> None:
    await asyncio.Event().wait()


async def test_that_dies_is_said_to_have_died_and_of_what() -> None:
    assert await said(dies()) == [("error", "a background task has failed", "tidying up")]


async def test_that_ends_because_a_driver_let_out_its_own_cancellation_is_said_too() -> None:
    assert await said(is_cancelled_by_a_driver()) == [
        ("error", "a background task ended with a cancellation that nobody requested", "tidying up")
    ]


@pytest.mark.parametrize(("work", "cancel"), [(ends, False), (goes_on, True)], ids=["ends", "is cancelled"])
async def test_that_ends_as_it_should_says_nothing(work: Any, cancel: bool) -> None:
    assert await said(work(), cancel=cancel) == []


@pytest.mark.parametrize(("cancel", "asked"), [(True, True), (False, False)])
async def test_knows_whether_a_cancellation_is_meant_for_it(cancel: bool, asked: bool) -> None:
    found: list[bool] = []

    async def work() -> None:
        try:
            if cancel:
                await asyncio.Event().wait()
            raise asyncio.CancelledError
        except asyncio.CancelledError:
            found.append(asked_to_end())

    await said(work(), cancel=cancel)
    assert found == [asked]


def test_that_is_none_is_always_meant() -> None:
    """Outside of any task, as when the loop is closed."""
    loop = asyncio.new_event_loop()
    found: list[bool] = []
    loop.call_soon(lambda: found.append(asked_to_end()))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert found == [True]
