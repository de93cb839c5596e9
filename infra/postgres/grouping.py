"""Gathers what several lanes ask for at the same time into one call.

A call costs a round trip, and a commit a write to the disk, however much it brings. With many lanes and little to do in
each, that would be all the work. So while calls are under way, others wait, and go together in the next one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from workers.background import asked_to_end
from workers.ports.lanes import Unavailable

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MAX_CALLS = 2


class Later(Enum):
    """In an answer's place: the question is asked again by itself, and the others need not wait for that."""

    ALONE = "alone"


class Entry(NamedTuple, Generic[Question, Answer]):
    """A question that waits, and the future that its answer is given to."""

    question: Question
    answer: asyncio.Future[Answer]


class Grouping(Generic[Question, Answer]):
    """At most `MAX_CALLS` calls at a time, each with the questions that wait, in their order, as far as their weights
    add up to `max_weight`.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception | Later]]],
        weight: Callable[[Question], int],
        max_weight: int,
    ) -> None:
        """`call` answers questions in their order; an exception in an answer's place is raised to who asked. A single
        question is always answered.
        """
        self._call = call
        self._weight = weight
        self._max_weight = max_weight
        self._waiting: deque[Entry[Question, Answer]] = deque()
        # A task is out of the set only some turns of the loop after it has ended: what runs is counted.
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> Answer:
        """The answer to the question. Raises what the call raises, or has in the answer's place.

        Whoever is cancelled while the question waits has not asked it.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(Entry(question, answer))
        if self._running < MAX_CALLS:
            self._running += 1
            # Begun with the next turn of the loop: so those that are ready in this turn go together.
            self._begin(self._answer_waiting())
        return await answer

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_waiting(self) -> None:
        try:
            while group := self._next_group():
                await self._answer(group)
        finally:
            self._running -= 1

    async def _answer_one_by_one(self, entries: list[Entry[Question, Answer]]) -> None:
        for entry in entries:
            if not entry.answer.done():  # cancelled meanwhile
                await self._answer([entry])

    async def _answer(self, group: list[Entry[Question, Answer]]) -> None:
        questions = [entry.question for entry in group]
        answers: Sequence[Answer | Exception | Later]
        try:
            answers = await self._call(questions)
        except Exception as error:  # noqa: BLE001  # those who asked raise it
            answers = [error] * len(group)
        except asyncio.CancelledError:
            if asked_to_end():
                raise
            # A driver has let out the cancellation of a task of its own.
            answers = [Unavailable("Postgres", "the call was cancelled")] * len(group)
        alone = []
        for entry, answer in zip(group, answers, strict=True):
            if answer is Later.ALONE:
                alone.append(entry)
            elif entry.answer.done():
                continue  # cancelled meanwhile
            elif isinstance(answer, Exception):
                entry.answer.set_exception(answer)
            else:
                entry.answer.set_result(answer)
        if alone:
            self._begin(self._answer_one_by_one(alone))

    def _next_group(self) -> list[Entry[Question, Answer]]:
        group: list[Entry[Question, Answer]] = []
        weight = 0
        while self._waiting:
            if self._waiting[0].answer.done():  # cancelled
                self._waiting.popleft()
                continue
            weight += self._weight(self._waiting[0].question)
            if group and weight > self._max_weight:
                break
            group.append(self._waiting.popleft())
        return group
