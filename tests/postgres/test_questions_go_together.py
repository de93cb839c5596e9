"""What waits while calls are under way goes together in the next call."""

import asyncio
from collections.abc import Sequence

import pytest

from infra.postgres.grouping import MAX_CALLS, Grouping, Later
from workers.ports.lanes import Unavailable


class Server:
    """Answers each question with its double, when it is let. `calls` are the groups that it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.answering, self.free = asyncio.Event(), asyncio.Event()
        self.grouping = Grouping(self.answer, lambda question: question, max_weight=100, alone=self.answer_alone)

    async def answer(self, questions: Sequence[int]) -> list[int | Exception | Later]:
        self.calls.append(list(questions))
        await self.answering.wait()
        if 13 in questions:
            raise ConnectionError
        if 17 in questions:
            raise asyncio.CancelledError
        if 19 in questions or 23 in questions:
            return [Later.ALONE if question in (19, 23) else 2 * question for question in questions]
        return [KeyError(question) if question == 7 else 2 * question for question in questions]

    async def answer_alone(self, question: int) -> int | Exception:
        self.calls.append([question])
        await self.free.wait()
        return Unavailable("Postgres", "the server is away") if question == 23 else 2 * question

    async def ask(self, *questions: int) -> list["asyncio.Task[int]"]:
        """Ask in tasks that have come as far as they can."""
        tasks = [asyncio.create_task(self.grouping.ask(question)) for question in questions]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


async def test_those_of_one_moment_are_one_call() -> None:
    server = Server()
    asked = await server.ask(1, 2, 3)
    server.answering.set()
    assert await asyncio.gather(*asked) == [2, 4, 6]
    assert server.calls == [[1, 2, 3]]


async def test_the_later_ones_wait_for_a_call_to_end_and_go_together() -> None:
    server = Server()
    asked = [task for question in range(1, MAX_CALLS + 3) for task in await server.ask(question)]
    assert server.calls == [[question] for question in range(1, MAX_CALLS + 1)]
    server.answering.set()
    assert await asyncio.gather(*asked) == [2 * question for question in range(1, MAX_CALLS + 3)]
    assert server.calls[MAX_CALLS:] == [[MAX_CALLS + 1, MAX_CALLS + 2]]


async def test_a_call_has_no_more_than_the_weight_it_may_have_unless_one_question_has() -> None:
    server = Server()
    server.answering.set()
    await asyncio.gather(*await server.ask(60, 50, 40, 300, 1))
    assert server.calls == [[60], [50, 40], [300], [1]]


async def test_one_that_is_given_up_while_it_waits_is_not_asked() -> None:
    server = Server()
    busy = [task for question in range(1, MAX_CALLS + 1) for task in await server.ask(question)]
    given_up, other = await server.ask(50, 6)
    given_up.cancel()
    server.answering.set()
    assert await other == 12
    assert [call for call in server.calls if 50 in call] == []
    await asyncio.gather(*busy)


async def test_one_that_is_given_up_under_way_leaves_the_others_their_answers() -> None:
    server = Server()
    given_up, other = await server.ask(5, 6)
    given_up.cancel()
    server.answering.set()
    assert await other == 12


async def test_an_error_is_raised_to_those_whom_it_concerns() -> None:
    server = Server()
    server.answering.set()
    answers = await asyncio.gather(*await server.ask(7, 8), return_exceptions=True)
    assert [type(answer) for answer in answers] == [KeyError, int]
    for task in await server.ask(13, 14):
        with pytest.raises(ConnectionError):
            await task
    assert await (await server.ask(9))[0] == 18, "it goes on"


async def test_one_that_comes_at_the_moment_when_the_calls_end_is_asked() -> None:
    """In whichever turn of the loop it comes."""
    for turns in range(12):
        server = Server()
        busy = [task for question in range(1, MAX_CALLS + 1) for task in await server.ask(question)]
        server.answering.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        assert await asyncio.wait_for(server.grouping.ask(9), 5) == 18
        await asyncio.gather(*busy)


async def test_a_cancellation_that_a_driver_lets_out_leaves_nobody_waiting() -> None:
    server = Server()
    server.answering.set()
    for task in await server.ask(17, 18):
        with pytest.raises(Unavailable):
            await asyncio.wait_for(task, 5)
    assert await (await server.ask(9))[0] == 18


async def test_one_that_has_to_be_asked_alone_keeps_nobody_waiting() -> None:
    server = Server()
    server.answering.set()
    first, alone, last = await server.ask(5, 19, 6)
    assert [await asyncio.wait_for(task, 5) for task in (first, last)] == [10, 12]
    assert [await asyncio.wait_for(server.grouping.ask(question), 5) for question in (8, 9)] == [16, 18]
    assert not alone.done()
    server.free.set()
    assert await asyncio.wait_for(alone, 5) == 38
    assert server.calls.count([19]) == 1


async def test_one_that_comes_by_itself_and_has_to_be_asked_alone_holds_no_call() -> None:
    server = Server()
    server.answering.set()
    waiting = [task for question in (19, 19, 19) for task in await server.ask(question)]
    assert await asyncio.wait_for(server.grouping.ask(5), 5) == 10
    server.free.set()
    assert await asyncio.gather(*waiting) == [38, 38, 38]


async def test_when_the_server_is_away_for_one_that_is_asked_alone_the_next_ones_do_not_wait_for_it_too() -> None:
    server = Server()
    asked = await server.ask(19, 23, 19, 23)
    server.answering.set()
    server.free.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, Unavailable, Unavailable, Unavailable]
    assert server.calls == [[19, 23, 19, 23], [19], [23]]
