"""Queries of the read models, with read-your-writes: a query with the position of an earlier answer waits for its
effect.

The wait is bounded: if a read model has not reached the position in time, the answer is 503, never an old document. If
a read model that is behind or was emptied lacks a document, the streams decide whether it exists. The number of
concurrent queries is bounded too; further ones wait, within the same deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from contracts.topics import Topics
from workers.core.projection import Document, Index, Projection
from workers.gateway.answers import POSITION_HEADER
from workers.gateway.cursors import from_cursor, to_cursor
from workers.gateway.grouped_reads import GroupedReads
from workers.gateway.problems import Problem, invalid_header
from workers.gateway.seen import Position, Seen
from workers.ports.lanes import Unavailable
from workers.ports.read_models import Page, ReadModels, Tally
from workers.ports.sections import lane_topic

CATCH_UP_SECONDS = 5.0
ANSWER_SECONDS = 4.0
FIRST_PAUSE_SECONDS = 0.005
LAST_PAUSE_SECONDS = 0.1
MAX_CONCURRENT = 32

Answer = TypeVar("Answer")


class PageQuestion(NamedTuple):
    """What a page is asked for by, as `ReadModels.find` has it."""

    within: Index | None
    limit: int
    after: str | None
    newest_first: bool


class DocumentStreams(Protocol):
    """Tells from a stream whether its document should exist, and in which version. The archive does."""

    async def end(self, context: str, stream_id: str) -> tuple[int, str | None]:
        """The version of a stream and the bare type of its last event; 0 and None without one. Raises Unavailable or
        Problem.
        """
        ...

    async def lives(self, projection: Projection, stream_id: str) -> bool:
        """Whether a stream leads to a document by now. Raises Unavailable or Problem."""
        ...


class Queries:
    """Documents of the read models. `projections` are all that there are.

    A position is waited for in every read model, and section of one, that the events of its context feed. So a query
    that looks into several of them waits once, in the first, and what it finds in the others is as new.
    """

    def __init__(
        self,
        read_models: ReadModels,
        topics: Topics,
        projections: Iterable[Projection],
        *,
        streams: DocumentStreams | None = None,
        catch_up_seconds: float = CATCH_UP_SECONDS,
    ) -> None:
        self._read_models = read_models
        self._topics = topics
        self._projections = {projection.name: projection for projection in projections}
        self._streams = streams
        self._catch_up_seconds = catch_up_seconds
        self._places = asyncio.Semaphore(MAX_CONCURRENT)
        self._cards = GroupedReads(self._documents)
        self._pages = GroupedReads(self._found)

    async def document(self, projection: Projection, document_id: str, seen: Seen) -> Document | None:
        """A document that shows what the caller has seen; None when there is none. Raises Unavailable or Problem.

        A read model that was emptied, or is behind, has no document of a stream that lives. If there is none, the
        streams are asked, and the query waits for it.
        """
        end = await self._caught_up(seen.positions)
        document = await self.present(projection, document_id)
        if document is not None and document["version"] >= (seen.version or 0):
            return document
        return await self._awaited(projection, document_id, seen.version or 0, end)

    async def present(self, projection: Projection, document_id: str) -> Document | None:
        """The document as the read model has it now, without any wait for it; None: it has none. Raises Unavailable."""
        stored = await self._cards.answer(projection.name, document_id)
        return None if stored is None else projection.whole(stored)

    async def _documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        return await self._answer(lambda: self._read_models.documents(projection, document_ids))

    async def _awaited(self, projection: Projection, document_id: str, version: int, end: float) -> Document | None:
        """A document that is not there, or not in this version, once it is or cannot come. Raises Problem."""
        document: Document | None = None

        async def is_current() -> bool:
            nonlocal document
            document = await self.present(projection, document_id)
            return document["version"] >= version if document is not None else version == 0

        async def is_there() -> bool:
            return await is_current() and document is not None

        if not await is_current() and not await self._will_come(projection.context, document_id, version):
            return document
        # None may be a document that was deleted: that is an answer too, once nothing came in time.
        if not await self._until(is_current, end) and document is not None:
            raise _behind()
        if document is not None or not await self._lives(projection, document_id):
            return document
        if not await self._until(is_there, end) and await self._lives(projection, document_id):
            raise _behind()
        return document

    async def _will_come(self, context: str, stream_id: str, version: int) -> bool:
        """Whether a read model that has not got a version yet may get it: whether there is such a version."""
        if self._streams is None:
            return True
        try:
            return (await self._streams.end(context, stream_id))[0] >= version
        except Unavailable:
            return True

    async def _lives(self, projection: Projection, document_id: str) -> bool:
        return self._streams is not None and await self._streams.lives(projection, document_id)

    async def find(
        self,
        projection: Projection,
        index: Index | None,
        limit: int,
        cursor: str | None,
        seen: Seen,
        *,
        newest_first: bool = False,
    ) -> Page:
        """A page of documents. Its cursor is opaque, and good for this query only. Raises Unavailable or Problem."""
        after = None if cursor is None else from_cursor(cursor, _query(projection.name, index, newest_first))
        await self._caught_up(seen.positions)
        page = await self._pages.answer(projection.name, PageQuestion(index, limit, after, newest_first))
        assert page is not None
        return page

    async def _found(self, projection: str, questions: Sequence[PageQuestion]) -> Mapping[PageQuestion, Page]:
        """The pages that are asked for, each a query of its own, as they are shown."""
        whole = self._projections[projection].whole

        async def page(question: PageQuestion) -> Page:
            documents, place = await self._answer(lambda: self._read_models.find(projection, *question))
            query = _query(projection, question.within, question.newest_first)
            return Page(list(map(whole, documents)), None if place is None else to_cursor(place, query))

        if len(questions) == 1:
            return {questions[0]: await page(questions[0])}  # without a task of its own
        return dict(zip(questions, await asyncio.gather(*map(page, questions)), strict=True))

    async def tally(
        self, projection: Projection, indexes: Sequence[Index], until: str | None = None
    ) -> Sequence[Tally]:
        """The tally of each of these index keys, without a wait; see `ReadModels`. Raises Unavailable."""
        return await self._answer(lambda: self._read_models.tally(projection.name, indexes, until))

    async def check(self) -> None:
        """Raises Unavailable when documents, or what of a lane was applied, cannot be read."""
        await self._read_models.documents("readiness", ["readiness"])
        await self._read_models.reached("readiness", "readiness", 0)

    async def _caught_up(self, positions: Iterable[Position]) -> float:
        """Wait for all of the positions; the end of the query's whole wait, by the loop's clock. Raises Problem."""
        end = asyncio.get_running_loop().time() + self._catch_up_seconds
        for position in positions:
            feeding = [
                (projection.name, lane_topic(self._topics.events(context), section))
                for projection in self._projections.values()
                for section, context in projection.fed_by()
                if context == position.context
            ]
            if not feeding:
                raise invalid_header(POSITION_HEADER, f"names a context that no read model shows: {position.context}")
            for name, topic in feeding:
                if not await self._until(partial(self._reached, name, topic, position), end):
                    raise _behind()
        return end

    async def _reached(self, projection: str, topic: str, position: Position) -> bool:
        applied = await self._answer(lambda: self._read_models.reached(projection, topic, position.partition))
        return applied >= position.sequence

    async def _until(self, condition: Callable[[], Awaitable[bool]], end: float) -> bool:
        """Tell whether the condition came true in time. It is checked at least once."""
        pause_seconds = FIRST_PAUSE_SECONDS
        while not await condition():
            if asyncio.get_running_loop().time() >= end:
                return False
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LAST_PAUSE_SECONDS)
        return True

    async def _answer(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._places:
                return await ask()
        except TimeoutError as error:
            raise Unavailable("Redis", "no answer in time") from error


def _query(projection: str, index: Index | None, newest_first: bool) -> str:
    """What a cursor is good for."""
    return f"{projection} {index} {newest_first}"


def _behind() -> Problem:
    detail = "The read model has not caught up with what you have seen. Try again."
    return Problem(503, "ReadModelBehind", detail, headers={"Retry-After": "1"})
