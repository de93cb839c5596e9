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
    """In an answer's place: the question is asked again by itself, and no other waits for that."""

    ALONE = "alone"


class Entry(NamedTuple, Generic[Question, Answer]):
    """A question that waits, and the future that its answer is given to."""

    question: Question
    answer: asyncio.Future[Answer]


class Grouping(Generic[Question, Answer]):
    """At most `MAX_CALLS` calls at a time, each with the questions that wait, in their order, as far as their weights
    add up to `max_weight`. Besides those, the questions of a call that have to be asked alone, one after the other.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | Exception | Later]]],
        weight: Callable[[Question], int],
        max_weight: int,
        *,
        alone: Callable[[Question], Awaitable[Answer | Exception]] | None = None,
    ) -> None:
        """`call` answers questions in their order; an exception in an answer's place is raised to who asked. `alone`
        answers the questions for which `call` says `Later.ALONE`; None: it says so for none.
        """
        self._call = call
        self._ask_alone = alone
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
        assert self._ask_alone is not None
        for place, entry in enumerate(entries):
            if entry.answer.done():  # cancelled meanwhile
                continue
            answer = await _result(self._ask_alone(entry.question))
            _give(entry, answer)
            if isinstance(answer, Unavailable):  # the others would each wait for the server in vain
                for later in entries[place + 1 :]:
                    _give(later, answer)
                return

    async def _answer(self, group: list[Entry[Question, Answer]]) -> None:
        answers = await _result(self._call([entry.question for entry in group]))
        if isinstance(answers, Exception):
            answers = [answers] * len(group)
        alone = []
        for entry, answer in zip(group, answers, strict=True):
            if answer is Later.ALONE:
                alone.append(entry)
            else:
                _give(entry, answer)
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


async def _result(call: Awaitable[Any]) -> Any:
    """What the call answers, or the exception that those who asked raise."""
    try:
        return await call
    except Exception as error:  # noqa: BLE001
        return error
    except asyncio.CancelledError:
        if asked_to_end():
            raise
        # A driver has let out the cancellation of a task of its own.
        return Unavailable("Postgres", "the call was cancelled")


def _give(entry: Entry[Question, Answer], answer: Answer | Exception) -> None:
    if entry.answer.done():
        return  # cancelled meanwhile
    if isinstance(answer, Exception):
        entry.answer.set_exception(answer)
    else:
        entry.answer.set_result(answer)
