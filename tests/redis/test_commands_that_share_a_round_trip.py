"""Commands of one turn share a connection: each gets its own answer or error, whatever happens to the others."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import ResponseError

from infra.redis.pipelining import MAX_TOGETHER, Pipelining


async def test_each_gets_its_own_answer(redis: Any) -> None:
    pipelining = Pipelining(redis)
    texts = [str(number) for number in range(3 * MAX_TOGETHER + 1)]
    answers = await asyncio.gather(*(pipelining.execute_command("ECHO", text) for text in texts))
    assert answers == [text.encode() for text in texts]
    assert await pipelining.execute_command("ECHO", "alone") == b"alone"


async def test_those_of_one_turn_use_one_connection(redis: Any) -> None:
    pipelining = Pipelining(redis)
    ids = await asyncio.gather(*(pipelining.execute_command("CLIENT", "ID") for _ in range(MAX_TOGETHER)))
    assert len(set(ids)) == 1
    ids = await asyncio.gather(*(pipelining.execute_command("CLIENT", "ID") for _ in range(MAX_TOGETHER + 1)))
    assert len(set(ids)) == 2


async def test_an_error_concerns_its_command_only(redis: Any) -> None:
    pipelining = Pipelining(redis)
    await redis.set("text", "x")
    commands = [("GET", "text"), ("HGETALL", "text"), ("NO-SUCH-COMMAND",), ("GET", "text")]
    answers = await asyncio.gather(
        *(pipelining.execute_command(*command) for command in commands), return_exceptions=True
    )
    assert [answers[0], answers[3]] == [b"x", b"x"]
    assert all(isinstance(answer, ResponseError) for answer in answers[1:3])
    assert str(answers[1]).startswith("WRONGTYPE")


async def test_a_caller_that_is_cancelled_disturbs_no_other(redis: Any) -> None:
    pipelining = Pipelining(redis)
    gone, other = (asyncio.ensure_future(pipelining.execute_command("ECHO", text)) for text in ("gone", "other"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await other == b"other"
    assert gone.cancelled()
    assert await pipelining.execute_command("ECHO", "later") == b"later"


async def test_a_lost_connection_fails_all_that_wait_for_it(redis: Any) -> None:
    pipelining = Pipelining(redis)
    own = await pipelining.execute_command("CLIENT", "ID")
    commands = [("ECHO", "before"), ("CLIENT", "KILL", "ID", own, "SKIPME", "no"), ("ECHO", "after")]
    before, _, after = await asyncio.gather(
        *(pipelining.execute_command(*command) for command in commands), return_exceptions=True
    )
    assert before == b"before"
    assert isinstance(after, ConnectionLost)
    assert await pipelining.execute_command("ECHO", "later") == b"later"


async def test_what_nobody_waits_for_any_more_is_not_sent(redis: Any) -> None:
    pipelining = Pipelining(redis)
    given_up = asyncio.ensure_future(pipelining.execute_command("SET", "given up", "x"))
    kept = asyncio.ensure_future(pipelining.execute_command("EXISTS", "given up"))
    await asyncio.sleep(0)
    given_up.cancel()
    assert await kept == 0


async def test_all_answers_together_have_the_time_of_one(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.redis.pipelining.ANSWER_TIMEOUT_SECONDS", 0.3)
    pipelining = Pipelining(redis)
    slow = (pipelining.execute_command("BLPOP", "nothing", 0.2) for _ in range(MAX_TOGETHER))
    answers = await asyncio.gather(*slow, return_exceptions=True)
    assert answers[0] is None
    assert {type(answer) for answer in answers[2:]} == {TimeoutError}
    assert await pipelining.execute_command("ECHO", "later") == b"later"
