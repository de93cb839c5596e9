"""Groups reads of single documents: those that are asked for in one turn of the event loop go as one query.

The first of them waits for the turn to end and asks for all. So a read alone costs next to nothing more, and many at
once share a round trip.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from workers.core.projection import Document
from workers.ports.read_models import DocumentLost

MAX_TOGETHER = 50

Read = Callable[[str, Sequence[str]], Awaitable[Mapping[str, Document]]]
"""Documents of a projection by their ids; those that do not exist are left out. Bounded in time. Raises Unavailable."""

Answers = dict[str, "asyncio.Future[Document | None]"]


class ReadAlone(Exception):
    """The query of the group has failed for a reason that may concern others only."""


class GroupedReads:
    """Reads single documents by `read`."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._gathering: dict[str, Answers] = {}

    async def document(self, projection: str, document_id: str) -> Document | None:
        """The document as it is, or None. Raises Unavailable."""
        group = self._gathering.get(projection)
        if group is None or len(group) >= MAX_TOGETHER:
            return await self._ask_for_all(projection, document_id)
        if document_id not in group:
            group[document_id] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.shield(group[document_id])
        except ReadAlone:
            return await self._ask(projection, document_id)

    async def _ask(self, projection: str, document_id: str) -> Document | None:
        return (await self._read(projection, [document_id])).get(document_id)

    async def _ask_for_all(self, projection: str, document_id: str) -> Document | None:
        """Ask for a document and for those that are asked for in the same turn, and answer these."""
        group: Answers = {}
        self._gathering[projection] = group
        try:
            await asyncio.sleep(0)
            if self._gathering.get(projection) is group:
                del self._gathering[projection]
            if not group:
                return await self._ask(projection, document_id)
            documents = await self._read(projection, [document_id, *(name for name in group if name != document_id)])
        except BaseException as error:
            if self._gathering.get(projection) is group:
                del self._gathering[projection]
            is_of_all = isinstance(error, Exception) and not isinstance(error, DocumentLost)
            for answer in group.values():
                answer.set_exception(error if is_of_all else ReadAlone())
                answer.exception()  # whoever waited for it may be gone
            if group and isinstance(error, DocumentLost):
                return await self._ask(projection, document_id)
            raise
        for name, answer in group.items():
            answer.set_result(documents.get(name))
        return documents.get(document_id)
