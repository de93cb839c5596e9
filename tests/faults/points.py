"""The named points at which a worker can be made to end by kill -9: methods of the adapters, wrapped.

A point is passed when a call has something to do (a fetch that brings nothing is no passage), and it counts its
passages over all lanes of the process. What stands before the point has happened for real, and nothing after it does.
"""

import functools
import os
import signal
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from redis.asyncio.client import Pipeline

from infra.kafka.event_log import KafkaEventLog
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.subscription import KafkaSubscription
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.saga_store import PostgresSagaStore
from workers.command import lane as command_lane

Around = Callable[..., Awaitable[Any]]
Install = Callable[["Countdown"], None]


class Countdown:
    """Ends the process at the nth passage."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def passed(self) -> bool:
        """Count a passage; whether this is the one."""
        self._left -= 1
        return self._left == 0

    @staticmethod
    def end() -> None:
        """kill -9: no handler, no `finally`, no farewell to a server."""
        os.kill(os.getpid(), signal.SIGKILL)


def _wrap(owner: Any, name: str, around: Around) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        return await around(original, *arguments, **named)

    setattr(owner, name, wrapped)


def before(owner: Any, name: str, has_work: Callable[..., bool]) -> Install:
    """Before a call that has work."""

    def install(countdown: Countdown) -> None:
        async def around(original: Around, *arguments: Any) -> Any:
            if has_work(*arguments) and countdown.passed():
                countdown.end()
            return await original(*arguments)

        _wrap(owner, name, around)

    return install


def after(owner: Any, name: str, has_work: Callable[..., bool]) -> Install:
    """After a call that had work: the other side has done it, and this side never learns."""

    def install(countdown: Countdown) -> None:
        async def around(original: Around, *arguments: Any) -> Any:
            result = await original(*arguments)
            if has_work(*arguments) and countdown.passed():
                countdown.end()
            return result

        _wrap(owner, name, around)

    return install


def after_a_fetch(countdown: Countdown) -> None:
    """Records have come, and no lane has seen them."""

    async def around(original: Around, *arguments: Any) -> Any:
        fetched = await original(*arguments)
        if fetched and countdown.passed():
            countdown.end()
        return fetched

    _wrap(KafkaSubscription, "fetch", around)


def half_way_through(owner: Any, name: str, only_if: Callable[[], bool] = lambda: True) -> Install:
    """The first half of a list (the last argument) is taken by the other side for real; the second is never sent."""

    def install(countdown: Countdown) -> None:
        async def around(original: Around, *arguments: Any) -> Any:
            *others, items = arguments
            if len(items) > 1 and only_if() and countdown.passed():
                await original(*others, items[: len(items) // 2])
                countdown.end()
            return await original(*arguments)

        _wrap(owner, name, around)

    return install


_republishing = ContextVar("_republishing", default=False)


def half_way_through_taking_over(countdown: Countdown) -> None:
    """In the midst of publishing what an earlier owner had committed and left."""

    async def around(original: Around, *arguments: Any) -> Any:
        _republishing.set(True)
        await original(*arguments)
        _republishing.set(False)

    _wrap(command_lane, "publish_the_rest", around)
    half_way_through(KafkaEventLog, "append", only_if=_republishing.get)(countdown)


def between_multi_and_exec(countdown: Countdown) -> None:
    """Redis has queued the whole transaction, and EXEC is not on the connection."""

    async def around(original: Around, pipeline: Pipeline, connection: Any, commands: Any, raise_on_error: Any) -> Any:
        if not countdown.passed():
            return await original(pipeline, connection, commands, raise_on_error)
        queued = [("MULTI",), *(arguments for arguments, _ in commands)]
        await connection.send_packed_command(connection.pack_commands(queued))
        answers = [await connection.read_response() for _ in queued]
        assert answers == [b"OK", *[b"QUEUED"] * len(commands)], answers
        return countdown.end()

    _wrap(Pipeline, "_execute_transaction", around)


def _has_outcomes(_: Any, batch: Any) -> bool:
    return bool(batch.outcomes)


def _has_events(_: Any, batch: Any) -> bool:
    return len(batch.events) > 1


def _has_steps(_: Any, batch: Any) -> bool:
    return bool(batch.steps)


def _always(*_: Any) -> bool:
    return True


POINTS: dict[str, dict[str, Install]] = {
    "command": {
        "after-the-fetch": after_a_fetch,
        "before-the-commit": before(PostgresEventStore, "commit", _has_outcomes),
        "after-the-commit": after(PostgresEventStore, "commit", _has_events),
        "half-way-through-publishing": half_way_through(KafkaEventLog, "append"),
        "after-publishing": after(KafkaEventLog, "append", _always),
        "before-the-reply": before(KafkaMessageSender, "send_nowait", _always),
        "half-way-through-taking-over": half_way_through_taking_over,
    },
    "saga": {
        "after-the-fetch": after_a_fetch,
        "before-the-commit": before(PostgresSagaStore, "commit", _has_steps),
        "after-the-commit-before-sending": after(PostgresSagaStore, "commit", _has_steps),
        "half-way-through-sending": half_way_through(KafkaMessageSender, "send"),
        "after-sending": after(KafkaMessageSender, "send", _always),
    },
    "projection": {
        "after-the-fetch": after_a_fetch,
        "before-multi": before(Pipeline, "_execute_transaction", _always),
        "between-multi-and-exec": between_multi_and_exec,
        "after-exec-its-answer-lost": after(Pipeline, "_execute_transaction", _always),
    },
}
"""By role and name."""
