"""The past over HTTP: every event of a stream with who, when and why, and its card at any version or time."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, created, is_problem
from workers.gateway.history import HistoryPage

LINE = {"sku": "teapot", "quantity": 2, "unit_price": "3.50"}


@pytest.fixture
async def ada(http: httpx.AsyncClient) -> list[Any]:
    """Her stream: created in London, moved to Turin and to Paris."""
    await created(http, user_id="ada-1")
    for city in ("Turin", "Paris"):
        assert (await http.patch("/users/ada-1", json={"city": city})).status_code == 200
    events: list[Any] = (await http.get("/users/ada-1/history")).json()["events"]
    return events


async def _card(http: httpx.AsyncClient, at: object, path: str = "/users/ada-1") -> dict[str, Any]:
    answer = await http.get(path, params={"at": str(at)})
    assert answer.status_code == 200, answer.text
    card: dict[str, Any] = answer.json()
    return card


async def test_every_event_is_shown_with_who_when_and_why(http: httpx.AsyncClient, ada: list[Any]) -> None:
    assert [event["stream_version"] for event in ada] == [1, 2, 3]
    assert [event["type"] for event in ada] == ["users.UserCreated.v2", "users.UserUpdated.v1", "users.UserUpdated.v1"]
    first = ada[0]
    assert first["data"] == ADA | {"user_id": "ada-1", "locale": "und"}
    assert first["command_type"] == "users.CreateUser.v1"
    assert first["cause"]["kind"] == "request"
    outcome = (await http.get(f"/commands/{first['command_id']}")).json()
    assert outcome["events"] == [{"event_id": first["event_id"], "type": "users.UserCreated.v2"}]
    assert outcome["correlation_id"] == first["correlation_id"]
    assert datetime.fromisoformat(first["recorded_at"]).tzinfo is not None


async def test_pages_follow_one_another_and_the_last_one_says_so(http: httpx.AsyncClient, ada: list[Any]) -> None:
    first = (await http.get("/users/ada-1/history", params={"limit": 2})).json()
    HistoryPage.model_validate(first)
    second = (await http.get("/users/ada-1/history", params={"limit": 2, "cursor": first["cursor"]})).json()
    assert first["events"] + second["events"] == ada
    assert second["cursor"] is None
    beyond = (await http.get("/users/ada-1/history", params={"cursor": "3"})).json()
    assert beyond == {"events": [], "cursor": None}


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"cursor": "last"}, {"cursor": "-1"}])
async def test_a_page_that_cannot_be_is_refused(http: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert is_problem(await http.get("/users/ada-1/history", params=query), 422, "ValidationFailed")


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("users/nobody", "UserNotFound"),
        ("orders/none", "OrderNotFound"),
        ("accounts/nobody", "AccountNotFound"),
        ("stock/nothing", "StockNotFound"),
    ],
)
async def test_a_stream_that_never_began_is_not_found(http: httpx.AsyncClient, place: str, code: str) -> None:
    assert is_problem(await http.get(f"/{place}/history"), 404, code)
    assert is_problem(await http.get(f"/{place}", params={"at": "1"}), 404, code)


class TestACardAtAPoint:
    async def test_shows_what_was_then(self, http: httpx.AsyncClient, ada: list[Any]) -> None:
        for version, city in enumerate(("London", "Turin", "Paris"), start=1):
            by_version = await _card(http, version)
            assert (by_version["city"], by_version["version"]) == (city, version)
            assert await _card(http, ada[version - 1]["recorded_at"]) == by_version

    async def test_between_two_events_it_shows_the_first(self, http: httpx.AsyncClient, ada: list[Any]) -> None:
        moment = datetime.fromisoformat(ada[1]["recorded_at"]) - timedelta(microseconds=1)
        assert (await _card(http, moment.isoformat()))["city"] == "London"

    async def test_in_the_future_it_is_the_card_of_today(self, http: httpx.AsyncClient, ada: list[Any]) -> None:
        assert await _card(http, "2999-01-01T00:00:00Z") == (await http.get("/users/ada-1")).json()

    async def test_does_not_need_the_read_model(
        self, http: httpx.AsyncClient, system: SystemInMemory, ada: list[Any]
    ) -> None:
        system.read_models.projects.clear()
        await http.patch("/users/ada-1", json={"city": "Oslo"})
        assert (await _card(http, 4))["city"] == "Oslo"

    async def test_a_deleted_user_is_there_before_and_gone_after(self, http: httpx.AsyncClient, ada: list[Any]) -> None:
        await http.delete("/users/ada-1")
        assert (await _card(http, 3))["city"] == "Paris"
        for at in ("4", "2999-01-01T00:00:00Z"):
            assert is_problem(await http.get("/users/ada-1", params={"at": at}), 404, "UserNotFound")
        events = (await http.get("/users/ada-1/history")).json()["events"]
        assert events[-1]["type"] == "users.UserDeleted.v1"

    async def test_a_version_beyond_the_last_is_not_found_and_the_range_is_named(
        self, http: httpx.AsyncClient, ada: list[Any]
    ) -> None:
        beyond = await http.get("/users/ada-1", params={"at": "9"})
        assert is_problem(beyond, 404, "VersionNotFound")
        assert "1 to 3" in beyond.json()["detail"]
        assert beyond.json()["last_version"] == 3

    async def test_before_the_first_event_there_was_none(self, http: httpx.AsyncClient, ada: list[Any]) -> None:
        assert is_problem(await http.get("/users/ada-1", params={"at": "2001-01-01T00:00:00Z"}), 404, "UserNotFound")

    @pytest.mark.parametrize("at", ["0", "-1", "noon", "2026-01-31", "2026-01-31T12:00:00"])
    async def test_what_is_no_point_is_refused_with_what_is_allowed(self, http: httpx.AsyncClient, at: str) -> None:
        for path in ("/users/ada-1", "/orders/o-1", "/accounts/ada-1", "/stock/teapot"):
            refused = await http.get(path, params={"at": at})
            assert is_problem(refused, 422, "ValidationFailed")
            assert [error["field"] for error in refused.json()["errors"]] == ["at"]
            assert "2026-01-31T12:00:00Z" in refused.json()["detail"]

    async def test_of_a_user_counts_the_orders_of_that_time(self, http: httpx.AsyncClient, ada: list[Any]) -> None:
        order = {"user_id": "ada-1", "currency": "EUR", "lines": [LINE]}
        placed = []
        for _ in range(2):
            answer = await http.post("/orders", json=order)
            events = (await http.get(f"{answer.headers['location']}/history")).json()["events"]
            placed.append(events[0]["recorded_at"])
        counts = [(await _card(http, at))["order_count"] for at in (3, *placed, "2999-01-01T00:00:00Z")]
        assert counts == [0, 1, 2, 2]
        assert [(await _card(http, at))["last_order_date"] for at in (3, placed[0])] == [None, placed[0]]

    async def test_of_an_order_an_account_and_a_stock_too(self, http: httpx.AsyncClient) -> None:
        for amount in ("10.00", "5.50"):
            deposit = {"amount": amount, "currency": "EUR"}
            assert (await http.post("/accounts/ada-1/deposits", json=deposit)).status_code == 201
        for _ in range(2):
            assert (await http.post("/stock/teapot/receipts", json={"quantity": 7})).status_code == 201
        order = {"order_id": "o-1", "user_id": "ada-1", "currency": "EUR", "lines": [LINE]}
        await http.post("/orders", json=order)
        await http.post("/orders/o-1/cancel")
        assert (await _card(http, 1, "/accounts/ada-1"))["balance"] == "10.00"
        assert (await _card(http, 1, "/stock/teapot"))["on_hand"] == 7
        assert (await _card(http, 1, "/orders/o-1"))["status"] == "placed"
        for path in ("/accounts/ada-1", "/stock/teapot", "/orders/o-1"):
            assert await _card(http, 2, path) == (await http.get(path)).json()
            assert len((await http.get(f"{path}/history")).json()["events"]) == 2


async def test_no_past_without_the_database(http: httpx.AsyncClient, system: SystemInMemory, ada: list[Any]) -> None:
    system.away = {"Postgres"}
    for path in ("/users/ada-1/history", "/users/ada-1?at=1", "/correlations/some"):
        away = await http.get(path)
        assert is_problem(away, 503, "Unavailable")
        assert away.json()["server"] == "Postgres"
    assert is_problem(await http.post("/users/ada-1/undo"), 503, "Unavailable")
