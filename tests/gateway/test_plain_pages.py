"""Plain reads of a page of all cards: what is answered without the framework is what the route would answer."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from starlette.types import Receive, Scope, Send

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, is_problem, placed
from workers.gateway.direct_reads import DirectReads
from workers.ports.read_models import Page

OTHER_QUESTIONS = (
    *("limit=0", "limit=201", "limit=020", "limit=2&limit=2", "limit=x", "limit=", "colour=red", "city=London"),
    *(
        "limit=2&cursor=",
        "limit=2&cursor=AAAA",
        "limit=2&cursor=%41",
        "cursor=AAAA&limit=2",
        "limit=2&email=a@b.ex",
    ),
)
SHARED = {"X-Correlation-Id": "shop/1"}


@pytest.fixture
async def users(http: httpx.AsyncClient) -> None:
    for number in range(1, 6):
        await created(http, user_id=f"ada-{number}", email=f"ada-{number}@example.org")
    await placed(http, "order-1")


@pytest.fixture
def by_the_route(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that went on to the route, by their path and query."""
    paths: list[str] = []
    answer = DirectReads.__call__

    async def noted(reads: DirectReads, scope: Scope, receive: Receive, send: Send) -> None:
        app = reads._app

        async def route(scope: Scope, receive: Receive, send: Send) -> None:
            paths.append(f"{scope['path']}?{scope['query_string'].decode()}")
            await app(scope, receive, send)

        await answer(DirectReads(route, reads._queries, reads._guard, reads._reads), scope, receive, send)

    monkeypatch.setattr(DirectReads, "__call__", noted)
    return paths


async def by_both(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str) -> list[httpx.Response]:
    short = await http.get(path, headers=SHARED)
    with monkeypatch.context() as without:
        without.setattr(DirectReads, "_read_for", lambda *_: None)
        return [short, await http.get(path, headers=SHARED)]


@pytest.mark.usefixtures("users")
class TestAPlainPage:
    async def test_is_walked_as_by_the_route(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, by_the_route: list[str]
    ) -> None:
        shown, cursor = [], ""
        for _ in range(3):
            path = f"/users?limit=2{cursor}"
            short, long = await by_both(http, monkeypatch, path)
            assert (short.status_code, short.content) == (200, long.content)
            assert dict(short.headers) == dict(long.headers)
            assert by_the_route.count(path) == 1, "by the route only where it had to"
            page = short.json()
            shown += [(user["user_id"], user["order_count"]) for user in page["users"]]
            cursor = f"&cursor={page['cursor']}"
        assert shown == [("ada-1", 1), ("ada-2", 0), ("ada-3", 0), ("ada-4", 0), ("ada-5", 0)]
        assert page["cursor"] is None

    async def test_is_read_once_for_all_that_ask_in_one_turn(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        paths = ["/users?limit=2", "/users?limit=3", "/users?limit=2", "/users?limit=3", "/users?limit=2"]
        alone = [(await http.get(path)).content for path in paths]
        system.read_models.queries.clear()
        together = await asyncio.gather(*(http.get(path) for path in paths))
        assert [answer.content for answer in together] == alone
        assert system.read_models.queries.count("find") == 2

    async def test_is_written_once_for_all_that_ask_in_one_turn(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[object] = []
        dumps = orjson.dumps

        def noted(value: Any, *options: Any) -> bytes:
            written.append(value)
            return dumps(value, *options)

        monkeypatch.setattr("workers.gateway.direct_reads.orjson.dumps", noted)
        answers = await asyncio.gather(*(http.get("/users?limit=2") for _ in range(5)))
        assert len({answer.content for answer in answers}) == 1
        assert sum(isinstance(value, dict) and "users" in value for value in written) == 1

    async def test_shows_what_was_written_before_it_was_asked_for(
        self, http: httpx.AsyncClient, system: SystemInMemory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever asks is not given the answer to the same question that was asked earlier and is still under way."""
        found, answered, going = system.read_models.find, asyncio.Event(), asyncio.Event()

        async def find_slowly(*question: Any) -> Page:
            page = await found(*question)
            answered.set()
            await going.wait()
            return page

        monkeypatch.setattr(system.read_models, "find", find_slowly)
        early = asyncio.create_task(http.get("/users?limit=200"))
        await answered.wait()
        await created(http, user_id="eve", email="eve@example.org")
        late = asyncio.create_task(http.get("/users?limit=200"))
        answered.clear()
        await answered.wait()
        going.set()
        shown = [[user["user_id"] for user in (await answer).json()["users"]] for answer in (early, late)]
        assert ["eve" in ids for ids in shown] == [False, True]

    @pytest.mark.parametrize("path", ["/users", "/users?limit=1", "/users?limit=200"])
    async def test_may_have_any_limit(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, by_the_route: list[str], path: str
    ) -> None:
        short, long = await by_both(http, monkeypatch, path)
        assert (short.status_code, short.content, dict(short.headers)) == (200, long.content, dict(long.headers))
        assert len(by_the_route) == 1

    @pytest.mark.parametrize("query", OTHER_QUESTIONS)
    async def test_is_no_other_question(
        self, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, by_the_route: list[str], query: str
    ) -> None:
        short, long = await by_both(http, monkeypatch, f"/users?{query}")
        assert (short.status_code, short.content) == (long.status_code, long.content)
        assert len(by_the_route) == 2

    @pytest.mark.parametrize("more", [{"X-Annals-Position": "users:0:0"}, {"If-None-Match": "*"}])
    async def test_is_no_read_with_a_position_or_a_condition(
        self, http: httpx.AsyncClient, by_the_route: list[str], more: dict[str, str]
    ) -> None:
        await http.get("/users?limit=2", headers=more)
        assert by_the_route == ["/users?limit=2"]

    async def test_says_that_redis_is_away(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        system.away.add("Redis")
        answer = await http.get("/users?limit=2")
        assert is_problem(answer, 503, "Unavailable")
        assert answer.headers["retry-after"]

    async def test_is_counted_with_its_route(self, http: httpx.AsyncClient) -> None:
        await http.get("/users?limit=2")
        metrics = (await http.get("/metrics")).text
        assert 'annals_http_requests_total{method="GET",route="/users",status="200"}' in metrics
