"""Gathers what several lanes ask for at the same time into one call.

A call costs a round trip, and a commit a write to the disk, however much it brings. With many lanes and little to do in
each, that would be all the work. So while calls are under way, others wait, and go together in the next one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from workers.ports.lanes import Unavailable

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MAX_CALLS = 2


class Grouping(Generic[Question, Answer]):
    """At most `MAX_CALLS` calls at a time, each with the questions that wait, in their order, as far as their weights
    add up to `max_weight`.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception]]],
        weight: Callable[[Question], int],
        max_weight: int,
    ) -> None:
        """`call` answers questions in their order; an exception in an answer's place is raised to who asked."""
        self._call = call
        self._weight = weight
        self._max_weight = max_weight
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        # A task is out of the set only some turns of the loop after it has ended: what runs is counted.
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> Answer:
        """The answer to the question. Raises what the call raises, or has in the answer's place.

        Whoever is cancelled while the question waits has not asked it.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._running < MAX_CALLS:
            self._running += 1
            # Begun with the next turn of the loop: so those that are ready in this turn go together.
            task = asyncio.create_task(self._answer_waiting())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _answer_waiting(self) -> None:
        try:
            while group := self._next_group():
                await self._answer(group)
        finally:
            self._running -= 1

    async def _answer(self, group: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        questions = [question for question, _ in group]
        answers: Sequence[Answer | Exception]
        try:
            answers = await self._call(questions)
        except Exception as error:  # noqa: BLE001  # those who asked raise it
            answers = [error] * len(group)
        except asyncio.CancelledError:  # a driver may let out a cancellation of a task of its own
            answers = [Unavailable("Postgres", "the call was cancelled")] * len(group)
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():
                continue  # cancelled meanwhile
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _next_group(self) -> list[tuple[Question, asyncio.Future[Answer]]]:
        group: list[tuple[Question, asyncio.Future[Answer]]] = []
        weight = 0
        while self._waiting:
            question, answer = self._waiting[0]
            if answer.done():
                self._waiting.popleft()
                continue
            weight += self._weight(question)
            if group and weight > self._max_weight:
                break
            group.append(self._waiting.popleft())
        return group
