"""A plain read of a card takes a short way, which shows what the long one shows; whatever is more takes that one."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
import structlog
from starlette.types import Scope

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, is_problem, placed
from workers.core.projection import Document
from workers.gateway import exchange
from workers.gateway.direct_reads import DirectRead, DirectReads
from workers.gateway.grouped_reads import MAX_TOGETHER, GroupedReads
from workers.gateway.queries import Queries
from workers.ports.lanes import Unavailable
from workers.ports.read_models import DocumentLost

CARD = "/users/ada-1"
OF_A_BODY = [{"Content-Length": "0"}, {"Transfer-Encoding": "chunked"}, {"Expect": "100-continue"}]


class TestAPlainRead:
    async def test_answers_as_the_route_does(self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        await created(http, user_id="ada-1")
        await placed(http, "order-1")
        shared = {"X-Correlation-Id": "shop/1"}
        short = await http.get(CARD, headers=shared)
        monkeypatch.setattr(DirectReads, "_read_for", lambda *_: None)
        long = await http.get(CARD, headers=shared)
        assert (short.status_code, short.content, dict(short.headers)) == (200, long.content, dict(long.headers))
        assert short.json()["order_count"] == 1

    @pytest.mark.parametrize("path", [f"{CARD}?at=1", f"{CARD}?colour=red", "/users/", "/users/%20", "/users/a%2Fb"])
    async def test_is_no_other_address(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        await created(http, user_id="ada-1")
        before = await http.get(path)
        monkeypatch.setattr(DirectReads, "_read_for", lambda *_: None)
        after = await http.get(path)
        assert (before.status_code, before.content) == (after.status_code, after.content)

    async def test_is_no_read_with_a_condition(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        assert (await http.get(CARD, headers={"If-None-Match": '"1"'})).status_code == 304
        assert is_problem(await http.get(CARD, headers={"If-Match": '"7"'}), 412, "PreconditionFailed")

    @pytest.mark.parametrize("more", OF_A_BODY)
    async def test_is_no_read_with_a_body(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
    ) -> None:
        await created(http, user_id="ada-1")
        ways: list[tuple[DirectRead, Any] | None] = []
        read_for = DirectReads._read_for

        def noted(reads: DirectReads, scope: Scope) -> tuple[DirectRead, Any] | None:
            ways.append(read_for(reads, scope))
            return ways[-1]

        monkeypatch.setattr(DirectReads, "_read_for", noted)
        plain, with_more = await http.get(CARD), await http.get(CARD, headers=more)
        assert [way is None for way in ways] == [False, True]
        assert (with_more.status_code, with_more.content) == (200, plain.content)

    async def test_of_a_card_that_is_not_there_asks_the_streams(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        assert is_problem(await http.get(CARD), 404, "UserNotFound")
        system.read_models.projects.clear()
        await created(http, user_id="ada-1")
        assert is_problem(await http.get(CARD), 503, "ReadModelBehind")

    async def test_of_a_store_that_is_away_is_a_503(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        await created(http, user_id="ada-1")
        system.away.add("Redis")
        answer = await http.get(CARD)
        assert is_problem(answer, 503, "Unavailable")
        assert answer.headers["retry-after"]

    async def test_has_its_line_at_debug_unless_it_was_slow(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await created(http, user_id="ada-1")
        with structlog.testing.capture_logs() as lines:
            await http.get(CARD)
            monkeypatch.setattr(exchange, "SLOW_SECONDS", 0.0)
            await http.get(CARD)
        assert [(line["event"], line["log_level"], line["status"]) for line in lines] == [
            ("request", "debug", 200),
            ("request", "info", 200),
        ]

    async def test_that_fails_has_its_line_at_info(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, system: SystemInMemory
    ) -> None:
        await created(http, user_id="ada-1")

        async def no_json(*_: object) -> Document:
            return {"version": object()}

        with structlog.testing.capture_logs() as lines:
            with monkeypatch.context() as broken:
                broken.setattr(Queries, "present", no_json)
                await http.get(CARD)
            system.away.add("Redis")
            await http.get(CARD)
        requests = [(line["log_level"], line["status"]) for line in lines if line["event"] == "request"]
        assert requests == [("info", 500), ("info", 503)]

    async def test_is_counted_with_its_route(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        await http.get(CARD)
        metrics = (await http.get("/metrics")).text
        assert 'annals_http_requests_total{method="GET",route="/users/{user_id}",status="200"}' in metrics


class Store:
    """Documents that can be lost, and what was asked for at once."""

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.away = False
        self.asked: list[Sequence[str]] = []

    async def read(self, projection: str, document_ids: Sequence[str]) -> Mapping[str, Document]:
        assert projection == "users"
        self.asked.append(document_ids)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("Redis", "away")
        if self.lost & {*document_ids}:
            raise DocumentLost("Redis", "lost")
        return {name: {"name": name} for name in document_ids if name != "nobody"}


class TestReadsOfOneTurn:
    async def test_are_one_query(self) -> None:
        store = Store()
        reads = GroupedReads(store.read)
        names = ["ada", "bob", "ada", "nobody"]
        assert await asyncio.gather(*(reads.answer("users", name) for name in names)) == [
            {"name": "ada"},
            {"name": "bob"},
            {"name": "ada"},
            None,
        ]
        assert store.asked == [["ada", "bob", "nobody"]]
        assert await reads.answer("users", "eve") == {"name": "eve"}
        assert store.asked[1:] == [["eve"]]

    async def test_are_more_queries_when_they_are_many(self) -> None:
        store = Store()
        reads = GroupedReads(store.read)
        names = [f"user-{number}" for number in range(3 * MAX_TOGETHER)]
        documents = await asyncio.gather(*(reads.answer("users", name) for name in names))
        assert documents == [{"name": name} for name in names]
        assert all(len(asked) <= MAX_TOGETHER + 1 for asked in store.asked)
        assert sum(len(asked) for asked in store.asked) == len(names)

    async def test_fail_together_when_the_store_is_away(self) -> None:
        store = Store()
        store.away = True
        reads = GroupedReads(store.read)
        results = await asyncio.gather(*(reads.answer("users", name) for name in "abc"), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 3
        assert len(store.asked) == 1, "nobody waits for a second time"

    @pytest.mark.parametrize("lost", ["a", "b"])
    async def test_fail_alone_where_a_document_is_lost(self, lost: str) -> None:
        store = Store()
        store.lost = {lost}
        reads = GroupedReads(store.read)
        results = await asyncio.gather(*(reads.answer("users", name) for name in "abc"), return_exceptions=True)
        for name, result in zip("abc", results, strict=True):
            assert isinstance(result, DocumentLost) if name == lost else result == {"name": name}

    async def test_go_on_without_the_first_reader(self) -> None:
        store = Store()
        reads = GroupedReads(store.read)
        first = asyncio.create_task(reads.answer("users", "ada"))
        second = asyncio.create_task(reads.answer("users", "bob"))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == {"name": "bob"}
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await reads.answer("users", "eve") == {"name": "eve"}
