"""On the real servers and workers: what one request led to, alike over HTTP and on the command line."""

import json

import httpx

from tests.gateway.requests import created
from tests.gateway.running import Running, annals
from tests.waiting import until
from workers.gateway.correlations import Trace

REQUEST = {"X-Correlation-Id": "shop/1"}
LINE = {"sku": "teapot", "quantity": 2, "unit_price": "10.00"}
ORDER = {"order_id": "o-1", "user_id": "ada", "currency": "EUR", "lines": [LINE]}


async def _settled(http: httpx.AsyncClient, status: str) -> None:
    async def reached() -> bool:
        trace = Trace.model_validate((await http.get("/correlations/shop/1")).json())
        order = (await http.get("/orders/o-1")).json()
        return order.get("status") == status and trace.pending == 0

    await until(reached, f"the order is {status} and nothing is pending")


async def test_it_is_one_tree_from_the_request_to_the_last_event(running: Running) -> None:
    http, settings = running.http, running.settings
    await http.post("/accounts/ada/deposits", json={"amount": "100.00", "currency": "EUR"})
    await http.post("/stock/teapot/receipts", json={"quantity": 5})
    placed = await http.post("/orders", json=ORDER, headers=REQUEST)
    assert placed.status_code == 201, placed.text
    await _settled(http, "confirmed")

    async def captured() -> bool:
        events = (await http.get("/accounts/ada/history")).json()["events"]
        return any(event["type"] == "payments.FundsCaptured.v1" for event in events)

    await until(captured, "the money is captured")
    document = (await http.get("/correlations/shop/1")).json()
    trace = Trace.model_validate(document)
    assert [node.id for node in trace.nodes if node.parent is None] == [placed.json()["command_id"]]
    types = {node.type for node in trace.nodes}
    assert types >= {"orders.OrderPlaced.v1", "inventory.StockReserved.v1", "orders.OrderConfirmed.v1"}
    times = {node.id: node.at for node in trace.nodes}
    for node in trace.nodes:
        assert node.at is not None
        assert node.parent is None or (times[node.parent] or node.at) <= node.at

    ended = await annals(settings, "trace", "shop/1", "--json")
    assert (ended.code, json.loads(ended.output)) == (0, document)
    lines = (await annals(settings, "trace", "shop/1")).output.splitlines()
    assert len(lines) == 1 + len(trace.nodes)
    assert "orders.PlaceOrder.v1 o-1" in lines[1]
    assert any("fulfilment · reserve_stock: inventory.ReserveStock.v1 teapot" in line for line in lines)
    unknown = await annals(settings, "trace", "never")
    assert unknown.code == 1
    assert "Nothing is known" in unknown.errors

    before = (await http.get("/orders/o-1", params={"at": "1"})).json()
    assert (before["status"], before["version"]) == ("placed", 1)
    moments = [step["at"] for step in (await http.get("/orders/o-1")).json()["timeline"]]
    history = (await http.get("/orders/o-1/history")).json()["events"]
    assert [event["recorded_at"] for event in history] == moments
    assert history[1]["cause"]["saga"] == "fulfilment"
    assert (await http.post("/orders/o-1/undo")).json()["code"] == "NothingToUndo"


async def test_a_change_is_undone_on_the_command_line_with_a_cause_and_an_actor(running: Running) -> None:
    http, settings = running.http, running.settings
    await created(http, user_id="ada")
    await http.patch("/users/ada", json={"city": "Turin"})
    ended = await annals(settings, "undo", "users/ada", "--actor", "clerk", "--json")
    assert ended.code == 0, ended.errors
    outcome = json.loads(ended.output)
    assert (outcome["status"], outcome["type"]) == ("accepted", "users.UpdateUser.v1")
    events = {event["event_id"]: event for event in (await http.get("/users/ada/history")).json()["events"]}
    undone = events[outcome["events"][0]["event_id"]]
    assert (undone["data"]["city"], undone["actor"]) == ("London", "operator:clerk")
    assert events[undone["cause"]["id"]]["data"]["city"] == "Turin"
