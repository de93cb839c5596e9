"""Between look-ups the database's time is told from its last answer: never ahead, never back, and not for long."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from infra.answered_time import MAX_AGE_SECONDS
from infra.postgres.command_lookups import CommandLookUps
from infra.postgres.pool import Database

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Answers:
    """A database that answers each look-up when the test says so, with the time at which it was asked."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.asked: list[tuple[datetime, asyncio.Future[None]]] = []

    def clock(self) -> float:
        return self.seconds

    async def row(self, *_: Any) -> Any:
        now, answered = NOON + timedelta(seconds=self.seconds), asyncio.get_running_loop().create_future()
        self.asked.append((now, answered))
        await answered
        return defaultdict(lambda: None, now=now)


async def asked(answers: Answers, look_ups: CommandLookUps, context: str) -> "asyncio.Task[Any]":
    """A look-up that is under way."""
    before = len(answers.asked)
    task = asyncio.create_task(look_ups.look_up(context, [], ["ada"], None))
    while len(answers.asked) == before:
        await asyncio.sleep(0)
    return task


async def test_is_that_of_the_answer_and_what_has_passed_since() -> None:
    answers = Answers()
    look_ups = CommandLookUps(cast(Database, answers), answers.clock)
    assert look_ups.time() is None
    task = await asked(answers, look_ups, "users")
    answers.seconds = 0.25
    answers.asked[0][1].set_result(None)
    await task
    assert look_ups.time() == NOON, "as long as the answer took it is behind"
    answers.seconds += MAX_AGE_SECONDS
    assert look_ups.time() == NOON + timedelta(seconds=MAX_AGE_SECONDS)
    answers.seconds += 0.001
    assert look_ups.time() is None


async def test_does_not_go_back_when_an_earlier_answer_comes_late() -> None:
    answers = Answers()
    look_ups = CommandLookUps(cast(Database, answers), answers.clock)
    late = await asked(answers, look_ups, "users")
    answers.seconds = 0.5
    prompt = await asked(answers, look_ups, "orders")
    answers.asked[1][1].set_result(None)
    await prompt
    answers.seconds = 0.6
    before = look_ups.time()
    answers.asked[0][1].set_result(None)
    assert (await late).now == NOON
    assert look_ups.time() == before == NOON + timedelta(seconds=0.6)
    answers.seconds = 0.5 + MAX_AGE_SECONDS + 0.1
    assert look_ups.time() is None, "an answer that tells less is no newer one"
