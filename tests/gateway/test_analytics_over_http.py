"""`GET /analytics/{metric}`: windows by the time of the events, tumbling and sliding, and what is refused."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.gateway.every_route import filled
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import is_problem, placed

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


async def windows(http: httpx.AsyncClient, metric: str, **query: Any) -> list[dict[str, Any]]:
    answer = await http.get(f"/analytics/{metric}", params=query)
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()["windows"]
    return listed


def between(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": start.isoformat(), "to": end.isoformat()}


async def test_an_order_is_in_the_window_in_which_it_was_placed(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.batch_time = NOON
    await filled(http)
    system.batch_time = NOON + timedelta(minutes=1)
    await placed(http, "order-2")
    listed = await windows(http, "orders", **between(NOON - timedelta(minutes=1), NOON + timedelta(minutes=2)))
    assert [(window["start"][11:16], window["values"]["placed"]) for window in listed] == [
        ("11:59", 0),
        ("12:00", 1),
        ("12:01", 1),
    ]
    assert all(window["closed"] is False for window in listed[1:]), "no lane has said that they are closed"


async def test_windows_that_slide_overlap(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.batch_time = NOON
    await filled(http)
    asked = between(NOON, NOON + timedelta(minutes=6))
    listed = await windows(http, "orders", window=300, step=60, **asked)
    assert [window["values"]["placed"] for window in listed] == [1, 1, 1, 1, 1, 0]


async def test_a_long_window_is_the_sum_of_short_ones(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.batch_time = NOON
    await filled(http)
    system.batch_time = NOON + timedelta(hours=3)
    await placed(http, "order-2")
    (day,) = await windows(
        http, "conversion", window=86400, **between(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
    )
    assert day["values"]["placed"] == 2
    assert (day["start"], day["end"]) == ("2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z")


async def test_a_metric_of_the_present_says_what_is_now(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await filled(http)
    system.batch_time = datetime.now(UTC) - timedelta(days=2)
    await placed(http, "order-2")
    answer = await http.get("/analytics/open_orders")
    assert answer.json()["now"]["open"] == 2
    assert answer.json()["now"]["by_age"]["older"] == 1


@pytest.mark.parametrize("metric", ["orders", "conversion", "open_orders", "declines", "revenue", "top_skus"])
async def test_every_metric_has_its_usual_windows(http: httpx.AsyncClient, metric: str) -> None:
    answer = await http.get(f"/analytics/{metric}")
    document = answer.json()
    assert len(document["windows"]) in (60, 61)
    assert "no-store" in answer.headers["cache-control"]
    starts = [datetime.fromisoformat(window["start"]) for window in document["windows"]]
    steps = {(later - earlier).total_seconds() for earlier, later in pairwise(starts)}
    assert steps == {document["step_seconds"]}


async def test_a_metric_that_there_is_not_is_named_with_those_that_there_are(http: httpx.AsyncClient) -> None:
    answer = await http.get("/analytics/profit")
    assert is_problem(answer, 404, "MetricNotFound")
    assert "revenue" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"window": 90}, "window"),
        ({"window": 300, "step": 7}, "step"),
        ({"window": 0}, "window"),
        ({"window": 10**12}, "window"),
        ({"step": -60}, "step"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}, "from"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"from": "0001-01-01T00:00:00Z"}, "from"),
        ({"to": "9999-12-31T23:59:59.999999Z", "from": "9999-12-31T23:00:00Z"}, "to"),
    ],
)
async def test_windows_that_cannot_be_shown_are_refused(
    http: httpx.AsyncClient, query: dict[str, Any], field: str | None
) -> None:
    answer = await http.get("/analytics/orders", params=query)
    assert answer.status_code in ({422} if field else {200, 422}), answer.text
    if field:
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_when_the_windows_cannot_be_read_the_answer_is_503(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.away.add("Kafka")
    assert is_problem(await http.get("/analytics/orders"), 503, "Unavailable")
