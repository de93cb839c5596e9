"""The named points at which a worker can kill itself by kill -9: wrapped methods of the adapters.

A call passes a point when it has work to do; a fetch without records does not count. The count runs over all lanes of
the process. Everything before the point has really happened, and nothing after it does.
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
    """Counts passages, and kills the process at the nth."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def passed(self) -> bool:
        """Count a passage; return whether it is the nth."""
        self._left -= 1
        return self._left == 0

    @staticmethod
    def end() -> None:
        """Kill the process by kill -9: no handler and no `finally` runs, and no connection is closed in order."""
        os.kill(os.getpid(), signal.SIGKILL)


def _wrap(owner: Any, name: str, around: Around) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        return await around(original, *arguments, **named)

    setattr(owner, name, wrapped)


def before(owner: Any, name: str, has_work: Callable[..., bool]) -> Install:
    """The point before a call that has work."""

    def install(countdown: Countdown) -> None:
        async def around(original: Around, *arguments: Any) -> Any:
            if has_work(*arguments) and countdown.passed():
                countdown.end()
            return await original(*arguments)

        _wrap(owner, name, around)

    return install


def after(owner: Any, name: str, has_work: Callable[..., bool]) -> Install:
    """The point after a call that had work: the server has done it, and the worker does not use the answer."""

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
    """The server receives the first half of a list (the last argument); the second half is never sent."""

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
    """Halfway through publishing the events that an earlier owner committed and did not publish."""

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
