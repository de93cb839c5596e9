"""No store that stays silent holds a request for ever, no more ask a store at once than it may be asked by, and no
answer that has begun is followed by a second one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from math import ceil
from typing import Any, cast

import httpx
import pytest

from contracts.message import Command
from contracts.outcome import Outcome
from contracts.topics import Topics
from contracts.users.examples import CREATE_ADA
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import is_problem
from workers.core.projection import Document, Index
from workers.domain.users.card import card
from workers.gateway import archive, command_dispatcher, grouped_reads, queries, servers
from workers.gateway.app import create_app
from workers.gateway.archive import Archive
from workers.gateway.backend import Backend
from workers.gateway.command_dispatcher import CommandDispatcher
from workers.gateway.guard import Guard
from workers.gateway.problems import Problem
from workers.gateway.queries import Queries
from workers.gateway.request_headers import RequestMetadata
from workers.gateway.seen import Seen
from workers.ports.commands import CommandMeta
from workers.ports.history import History
from workers.ports.lanes import Unavailable
from workers.ports.outcomes import CommandKey
from workers.ports.read_models import Page, ReadModels, Tally

SHORT_SECONDS = 0.05
# More than any bound that a test sets, far less than for ever.
LONG_SECONDS = 10.0
MANY = 200
COMMAND_ID = "0198c0de-ada0-7000-8000-000000000001"


class Silent:
    """A store that takes every question and answers none until the test says so; counts how many ask at once."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.asked = 0
        self.most = 0

    async def ask(self) -> None:
        self.asked += 1
        self.most = max(self.most, self.asked)
        try:
            await self.answers.wait()
        finally:
            self.asked -= 1


class SilentReadModels(Silent):
    """As `ReadModels`."""

    async def document(self, projection: str, document_id: str) -> Document | None:
        await self.ask()
        return None

    async def documents(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        await self.ask()
        return {}

    async def find(
        self, projection: str, index: Index | None, limit: int, after: str | None, newest_first: bool = False
    ) -> Page:
        await self.ask()
        return Page([], None)

    async def tally(self, projection: str, indexes: Sequence[Index], until: str | None = None) -> Sequence[Tally]:
        await self.ask()
        return []

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        await self.ask()
        return 0


class SilentOutcomes(Silent):
    """As `Outcomes`."""

    async def outcome(self, key: CommandKey) -> bytes | None:
        await self.ask()
        return None

    async def outcomes(self, command_id: str, limit: int) -> Sequence[bytes]:
        await self.ask()
        return []


class SilentHistory(Silent):
    """As `History`."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def method(*_: Any) -> Any:
            await self.ask()
            return []

        return method


class NoReply:
    """As `Commands`: takes every command, and none is answered in time."""

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        await asyncio.sleep(wait_seconds)
        return None

    async def check(self) -> None:
        return


NUMBERS = count()
READS: dict[str, Callable[[Queries], Awaitable[Any]]] = {
    "document": lambda read: read.document(card, f"user-{next(NUMBERS)}", Seen()),
    "find": lambda read: read.find(card, None, 1, None, Seen()),
    "tally": lambda read: read.tally(card, [Index("city", "oslo")]),
}
PAST: dict[str, Callable[[Archive], Awaitable[Any]]] = {
    "page": lambda read: read.page("users", "ada", 0, 1),
    "until": lambda read: read.until("users", "ada"),
    "correlated": lambda read: read.correlated("shop/42"),
    "end": lambda read: read.end("users", "ada"),
}


def queries_of(store: SilentReadModels) -> Queries:
    return Queries(cast(ReadModels, store), Topics(), [card])


class TestASilentStore:
    @pytest.mark.parametrize("read", READS)
    async def test_of_read_models(self, monkeypatch: pytest.MonkeyPatch, read: str) -> None:
        monkeypatch.setattr(queries, "ANSWER_SECONDS", SHORT_SECONDS)
        async with asyncio.timeout(LONG_SECONDS):
            with pytest.raises(Unavailable):
                await READS[read](queries_of(SilentReadModels()))

    @pytest.mark.parametrize("read", PAST)
    async def test_of_the_past(self, monkeypatch: pytest.MonkeyPatch, read: str) -> None:
        monkeypatch.setattr(archive, "ANSWER_SECONDS", SHORT_SECONDS)
        async with asyncio.timeout(LONG_SECONDS):
            with pytest.raises(Unavailable):
                await PAST[read](Archive(cast(History, SilentHistory())))

    async def test_of_outcomes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command_dispatcher, "LOOK_TIMEOUT_SECONDS", SHORT_SECONDS)
        async with asyncio.timeout(LONG_SECONDS):
            with pytest.raises(Unavailable):
                await CommandDispatcher(NoReply(), SilentOutcomes()).awaited("one", None, 0)

    async def test_of_outcomes_does_not_hold_a_command(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(command_dispatcher, "LOOK_TIMEOUT_SECONDS", SHORT_SECONDS)
        monkeypatch.setattr(command_dispatcher, "DOUBT_SECONDS", SHORT_SECONDS)
        waiting = CommandDispatcher(NoReply(), SilentOutcomes(), look_interval_seconds=SHORT_SECONDS)
        metadata = RequestMetadata(COMMAND_ID, "c", None, 600.0, may_be_repeat=False)
        async with asyncio.timeout(LONG_SECONDS):
            with pytest.raises(Problem) as raised:
                await waiting.outcome(CREATE_ADA, metadata)
        assert raised.value.status == 503
        assert raised.value.headers["Location"] == f"/commands/{metadata.command_id}"

    async def test_does_not_hold_the_readiness(self, monkeypatch: pytest.MonkeyPatch, system: SystemInMemory) -> None:
        monkeypatch.setattr(servers, "CHECK_SECONDS", SHORT_SECONDS)
        archive = Archive(cast(History, SilentHistory()))
        backend = Backend(
            CommandDispatcher(NoReply(), SilentOutcomes()),
            queries_of(SilentReadModels()),
            system,
            archive,
            Guard({}, archive, is_on=False),
            system,
        )
        transport = httpx.ASGITransport(create_app(backend))
        here = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        async with asyncio.timeout(LONG_SECONDS), here as http:
            answer = await http.get("/readyz")
        assert is_problem(answer, 503, "NotReady")
        assert answer.json()["missing"] == ["postgres", "redis"]


class TestMoreThanMayAskAtOnce:
    @pytest.mark.parametrize("read", READS)
    async def test_queue_up_for_read_models(self, monkeypatch: pytest.MonkeyPatch, read: str) -> None:
        # Documents are asked for in groups: so small that there are more of them than may ask at once.
        monkeypatch.setattr(grouped_reads, "MAX_TOGETHER", 1)
        store = SilentReadModels()
        bounded_queries = queries_of(store)
        await self._ask_many(store, lambda: READS[read](bounded_queries))
        assert store.most == queries.MAX_CONCURRENT

    async def test_share_a_question_for_documents(self) -> None:
        store = SilentReadModels()
        grouping_queries = queries_of(store)
        await self._ask_many(store, lambda: READS["document"](grouping_queries))
        assert store.most == ceil(MANY / (grouped_reads.MAX_TOGETHER + 1))

    @pytest.mark.parametrize("read", PAST)
    async def test_queue_up_for_the_past(self, read: str) -> None:
        store = SilentHistory()
        bounded_archive = Archive(cast(History, store))
        await self._ask_many(store, lambda: PAST[read](bounded_archive))
        assert store.most == archive.MAX_CONCURRENT

    async def test_do_without_the_stored_outcome(self) -> None:
        store = SilentOutcomes()
        dispatcher = CommandDispatcher(NoReply(), store)
        await self._ask_many(store, lambda: dispatcher.awaited("one", None, 0))
        assert store.most == command_dispatcher.MAX_CONCURRENT_LOOKS
        store.most = 0
        assert await dispatcher.awaited("one", None, 0) is None
        assert store.most == 1, "places are given back"

    async def _ask_many(self, store: Silent, ask: Callable[[], Awaitable[Any]]) -> None:
        askers = [asyncio.ensure_future(ask()) for _ in range(MANY)]
        for _ in range(5):
            await asyncio.sleep(0)
        store.answers.set()
        async with asyncio.timeout(LONG_SECONDS):
            await asyncio.gather(*askers, return_exceptions=True)
