"""Each principal, each command and each way of reading, over HTTP on real servers with every guard on.

Generated from the rules of the contexts (rules_of_routes.py, workers/domain/*/access.py).
"""

import time
import uuid
from typing import Any

import httpx
import pytest

from infra.home import Home
from infra.identity.development_issuer import DevelopmentIssuer
from tests.gateway.every_route import BODIES, Operation
from tests.gateway.principals import OWNER_IS, STRANGERS, may
from tests.gateway.requests import ADA, LINES
from tests.gateway.rules_of_routes import ASKED
from tests.gateway.running import Running
from tests.scopes import scopes
from tests.waiting import until

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(400)

TOKEN_SECONDS = 3600


class Http:
    """The gateway, as one who has tokens for everybody."""

    def __init__(self, running: Running) -> None:
        self._http = running.http
        self._issuer = DevelopmentIssuer(Home(running.settings.home))

    def token(self, sub: str, held: frozenset[str]) -> dict[str, str]:
        signed = self._issuer.token(sub, sorted(held), now=int(time.time()), expires_in_seconds=TOKEN_SECONDS)
        return {"Authorization": f"Bearer {signed}"}

    async def prepared(self) -> dict[str, str]:
        """A user with an account, an order and stock of their own; the addresses."""
        one = uuid.uuid4().hex
        names = {"user_id": f"u-{one}", "order_id": f"o-{one}", "sku": f"s-{one}", "correlation_id": f"c-{one}"}
        names["metric"] = "revenue"
        own = self.token(names["user_id"], scopes())
        body = {**ADA, "user_id": names["user_id"], "email": f"{one}@example.org"}
        made = await self.asked("POST", "/users", body, own | {"X-Correlation-Id": names["correlation_id"]})
        await self.asked("PATCH", f"/users/{names['user_id']}", {"city": "Turin"}, own)
        deposit = {"amount": "100.00", "currency": "EUR"}
        await self.asked("POST", f"/accounts/{names['user_id']}/deposits", deposit, own)
        await self.asked("POST", f"/stock/{names['sku']}/receipts", {"quantity": 7}, own)
        order = {"order_id": names["order_id"], "user_id": names["user_id"], "lines": LINES, "currency": "EUR"}
        await self.asked("POST", "/orders", order, own)
        return names | {"command_id": made.json()["command_id"]}

    async def asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
        answer = await self._http.request(method, path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return answer

    async def request(self, operation: Operation, names: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        body: dict[str, Any] | None = BODIES.get(str(operation))
        if body is not None and str(operation) in ("POST /users", "POST /orders"):
            body = {**body, "user_id": names["user_id"]}
            body |= {"order_id": f"o-{uuid.uuid4()}"} if "lines" in body else {"email": f"{uuid.uuid4()}@example.org"}
        return await self._http.request(operation.method, operation.path.format(**names), json=body, headers=headers)


@pytest.mark.parametrize("operation", [Operation(*name.split()) for name in ASKED], ids=str)
async def test_what_the_rules_list_is_done_and_nothing_else(ruled: Running, operation: Operation) -> None:
    gateway, asked = Http(ruled), ASKED[str(operation)]
    names = await gateway.prepared()
    owner = names["user_id"]
    people = [(sub, sub, held) for sub, held in STRANGERS.items()] + [(OWNER_IS, owner, frozenset[str]())]
    allowed = [person for person in people if all(may(row, person[0], person[2]) for row in asked.rows)]
    for name, sub, held in people:
        if (name, sub, held) not in allowed:
            answer = await gateway.request(operation, names, gateway.token(sub, held))
            expected = {404 if asked.is_for_owners and not asked.creates else 403}
            if operation.path.endswith("/undo") and may(asked.rows[0], name, held):
                expected.add(409)  # who may read the history is told that there is nothing to undo
            assert answer.status_code in expected, f"{name}: {answer.text}"
    for name, sub, held in allowed:
        if operation.method != "GET":  # the one before may have ended what this one is about
            names = await gateway.prepared()
        token = gateway.token(names["user_id"] if name == OWNER_IS else sub, held)
        answer = await gateway.request(operation, names, token)
        assert answer.status_code not in (401, 403, 404), f"{name}: {answer.text}"


async def test_an_order_is_confirmed_and_delivered_with_every_guard_on(ruled: Running) -> None:
    gateway, system = Http(ruled), ruled.system
    one = uuid.uuid4().hex
    staff, owner = gateway.token("clerk", scopes()), gateway.token(f"u-{one}", frozenset())
    user = {**ADA, "user_id": f"u-{one}", "email": f"{one}@example.org"}
    lines = [{"sku": f"s-{one}", "quantity": 2, "unit_price": "19.90"}]
    order = {"order_id": f"o-{one}", "user_id": f"u-{one}", "lines": lines, "currency": "EUR"}
    await gateway.asked("POST", f"/stock/s-{one}/receipts", {"quantity": 7}, staff)
    await gateway.asked("POST", "/users", user, owner)
    await gateway.asked("POST", f"/accounts/u-{one}/deposits", {"amount": "100.00", "currency": "EUR"}, staff)
    placed = await gateway.asked("POST", "/orders", order, owner)

    async def status_is(status: str) -> bool:
        answer = await ruled.http.get(f"/orders/o-{one}", headers=owner)
        return answer.status_code == 200 and answer.json()["status"] == status

    await until(lambda: status_is("confirmed"), "the saga has confirmed the order", seconds=60)
    for step in ("ship", "deliver"):
        await gateway.asked("POST", f"/orders/o-{one}/{step}", None, staff)
    await until(lambda: status_is("delivered"), "the card follows", seconds=60)
    life = (await ruled.http.get(f"/correlations/{placed.json()['correlation_id']}", headers=owner)).json()
    actors = {node["actor"] for node in life["nodes"] if node["kind"] == "event"}
    assert actors == {f"u-{one}"}, "the steps of the saga are done on behalf of the owner"
    rows = await system.database.fetch("SELECT actor FROM annals.events WHERE stream_id = $1", f"o-{one}")
    assert {row["actor"] for row in rows} == {f"u-{one}", "clerk"}
    await system.settled()
    verified = await system.annals("verify")
    assert verified.code == 0, verified.output + verified.errors
