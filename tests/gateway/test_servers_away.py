"""With a server away the gateway says so in time and says which; it comes back by itself."""

import httpx
import pytest
import structlog

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, created, is_problem


def is_unavailable(answer: httpx.Response, server: str) -> bool:
    assert is_problem(answer, 503, "Unavailable")
    assert answer.json()["server"] == server
    assert int(answer.headers["retry-after"]) > 0
    assert "10.1.2.3" not in answer.text, "an address of the inside reached the outside"
    return True


async def test_no_command_without_kafka(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.away = {"Kafka"}
    assert is_unavailable(await http.post("/users", json=ADA), "Kafka")
    system.away = set()
    await created(http)


async def test_no_query_without_redis(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await created(http, user_id="ada-1")
    system.away = {"Redis"}
    assert is_unavailable(await http.get("/users/ada-1"), "Redis")
    assert is_unavailable(await http.get("/users"), "Redis")
    assert is_unavailable(await http.get("/users", headers={"X-Annals-Position": "users:3:1"}), "Redis")
    system.away = set()
    assert (await http.get("/users/ada-1")).status_code == 200


async def test_no_outcome_without_the_database(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.away = {"Postgres"}
    missing = await http.get("/commands/00000000-0000-4000-8000-000000000000")
    assert is_unavailable(missing, "Postgres")


async def test_a_client_that_finds_the_database_away_learns_where_the_outcome_will_be(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.away, system.handles = {"Postgres"}, False
    first = await http.post("/users", json=ADA, headers={"Prefer": "wait=0"})
    assert is_unavailable(first, "Postgres")
    assert len(system.sent) == 1
    system.away = set()
    system.handle(*system.sent[0])
    assert (await http.get(first.headers["location"])).json()["status"] == "accepted"


async def test_nothing_is_sent_while_the_database_is_known_to_be_away(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    system.away, system.handles = {"Postgres"}, False
    await http.post("/users", json=ADA, headers={"Prefer": "wait=0"})
    for _ in range(3):
        assert is_unavailable(await http.post("/users", json=ADA), "Postgres")
    assert len(system.sent) == 1
    system.away, system.handles = set(), True
    await created(http)


async def test_overload_is_refused_before_anything_is_sent(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.overloaded = True
    refused = await http.post("/users", json=ADA)
    assert is_problem(refused, 503, "Overloaded")
    assert refused.headers["retry-after"]
    assert system.sent == []


@pytest.mark.parametrize(("server", "name"), [("Kafka", "kafka"), ("Postgres", "postgres"), ("Redis", "redis")])
async def test_readiness_names_what_is_missing(
    http: httpx.AsyncClient, system: SystemInMemory, server: str, name: str
) -> None:
    assert (await http.get("/readyz")).json()["servers"] == {"kafka": "ok", "postgres": "ok", "redis": "ok"}
    system.away = {server}
    away = await http.get("/readyz")
    assert is_problem(away, 503, "NotReady")
    assert away.json()["missing"] == [name]
    assert (await http.get("/healthz")).status_code == 200


async def test_an_unforeseen_error_is_a_500_without_its_text(
    http: httpx.AsyncClient, system: SystemInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(system, "handle", fail)
    with structlog.testing.capture_logs() as lines:
        answer = await http.post("/users", json=ADA, headers={"X-Correlation-Id": "trace-me"})
    assert [line["event"] for line in lines] == ["request failed", "request"]
    assert is_problem(answer, 500, "InternalError")
    assert "secret" not in answer.text
    assert answer.headers["x-correlation-id"] == "trace-me"
