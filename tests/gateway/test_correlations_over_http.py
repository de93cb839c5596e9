"""The whole life of a request, by the id that its answer carried."""

import httpx
import pytest

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, created, is_problem
from workers.gateway import archive
from workers.gateway.correlations import Trace


async def test_commands_and_events_stand_in_the_order_of_cause(http: httpx.AsyncClient) -> None:
    request = {"X-Correlation-Id": "shop/42?"}
    await created(http, user_id="ada-1")
    changed = await http.patch("/users/ada-1", json={"city": "Turin"}, headers=request)
    await http.post("/users/ada-1/undo", headers=request)
    rejected = await http.post("/users", json=ADA, headers=request)
    answer = await http.get("/correlations/shop%2F42%3F")
    assert answer.status_code == 200, answer.text
    trace = Trace.model_validate(answer.json())
    assert trace.correlation_id == "shop/42?"
    assert [(node.depth, node.type) for node in trace.nodes] == [
        (0, "users.UpdateUser.v1"),
        (1, "users.UserUpdated.v1"),
        (2, "users.UpdateUser.v1"),
        (3, "users.UserUpdated.v1"),
        (0, "users.CreateUser.v1"),
    ]
    first, event, undo, *_, refused = trace.nodes
    assert (first.id, first.status, first.parent) == (changed.json()["command_id"], "accepted", None)
    assert (event.parent, undo.parent) == (first.id, event.id)
    assert refused.status == "rejected"
    assert refused.error is not None
    assert (refused.error.code, rejected.json()["code"]) == ("EmailTaken", "EmailTaken")
    assert (trace.pending, trace.cut) == (0, [])


async def test_the_answer_is_cut_where_it_would_be_too_long_and_says_so(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ROWS_CORRELATED", 2)
    for number in range(3):
        user = {"user_id": f"user-{number}", "email": f"user-{number}@example.org"}
        await http.post("/users", json=ADA | user, headers={"X-Correlation-Id": "import"})
    trace = Trace.model_validate((await http.get("/correlations/import")).json())
    assert trace.cut == ["commands", "events"]
    assert [node.stream_id for node in trace.nodes] == ["user-0", "user-0", "user-1", "user-1"]


async def test_an_id_under_which_nothing_is_known_is_not_found(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.handles = False
    await http.post("/users", json=ADA, headers={"X-Correlation-Id": "on-its-way", "Prefer": "wait=0"})
    for correlation_id in ("nothing", "on-its-way"):
        missing = await http.get(f"/correlations/{correlation_id}")
        assert is_problem(missing, 404, "CorrelationNotFound")


@pytest.mark.parametrize("correlation_id", ["", "%00", "x" * 1025])
async def test_what_no_request_can_have_is_refused(http: httpx.AsyncClient, correlation_id: str) -> None:
    assert is_problem(await http.get(f"/correlations/{correlation_id}"), 422, "ValidationFailed")
