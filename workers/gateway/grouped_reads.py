"""Groups reads of single documents, and of pages: those that are asked for in one turn of the event loop go together,
and what several ask for is read once for all of them.

The first of them waits for the turn to end and asks for all. So a read alone costs next to nothing more, and many at
once share a round trip.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from workers.ports.read_models import DocumentLost

MAX_TOGETHER = 50

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")

Read = Callable[[str, Sequence[Question]], Awaitable[Mapping[Question, Answer]]]
"""The answers about a projection by their questions, such as documents by their ids; those that do not exist are left
out. Bounded in time. Raises Unavailable.
"""


class ReadAlone(Exception):
    """The query of the group has failed for a reason that may concern others only."""


class GroupedReads(Generic[Question, Answer]):
    """Reads by `read`. What is answered is shared, so nobody may change it."""

    def __init__(self, read: Read[Question, Answer]) -> None:
        self._read = read
        self._gathering: dict[str, dict[Question, asyncio.Future[Answer | None]]] = {}

    async def answer(self, projection: str, question: Question) -> Answer | None:
        """The answer as it is, or None. Raises Unavailable."""
        group = self._gathering.get(projection)
        if group is None or len(group) >= MAX_TOGETHER:
            return await self._ask_for_all(projection, question)
        if question not in group:
            group[question] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.shield(group[question])
        except ReadAlone:
            return await self._ask(projection, question)

    async def _ask(self, projection: str, question: Question) -> Answer | None:
        return (await self._read(projection, [question])).get(question)

    async def _ask_for_all(self, projection: str, question: Question) -> Answer | None:
        """Ask a question and those that are asked for in the same turn, and answer these."""
        group: dict[Question, asyncio.Future[Answer | None]] = {}
        self._gathering[projection] = group
        try:
            await asyncio.sleep(0)
            if self._gathering.get(projection) is group:
                del self._gathering[projection]
            if not group:
                return await self._ask(projection, question)
            answers = await self._read(projection, [question, *(asked for asked in group if asked != question)])
        except BaseException as error:
            if self._gathering.get(projection) is group:
                del self._gathering[projection]
            is_of_all = isinstance(error, Exception) and not isinstance(error, DocumentLost)
            for answer in group.values():
                answer.set_exception(error if is_of_all else ReadAlone())
                answer.exception()  # whoever waited for it may be gone
            if group and isinstance(error, DocumentLost):
                return await self._ask(projection, question)
            raise
        for asked, answer in group.items():
            answer.set_result(answers.get(asked))
        return answers.get(question)
