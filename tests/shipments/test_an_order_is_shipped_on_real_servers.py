"""An order is placed, confirmed, booked with a carrier by a saga of another distribution, and delivered; over HTTP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from infra.devstack.ports import free_port
from infra.settings import Settings
from tests.documents.typing import environment, process
from tests.installed_project import install
from tests.waiting import until

PROJECT = Path(__file__).parent / "project"
ANNALS = (sys.executable, "-P", "-m", "infra.cli.main")
ROLES = (("worker", "command"), ("worker", "saga"), ("worker", "projection"), ("gateway",))
ORDER = {"order_id": "o-1", "user_id": "ada", "currency": "EUR"}
LINES = [{"sku": "tea", "quantity": 2, "unit_price": "4.95"}]


class Running:
    """The processes, on servers of the run, and a client of their gateway."""

    def __init__(self, variables: dict[str, str], folder: Path, client: httpx.AsyncClient) -> None:
        self._variables, self._folder, self.client = variables, folder, client

    async def annals(self, *arguments: str) -> str:
        """What a command of the command line prints. It must succeed."""
        log = self._folder / f"{'-'.join(arguments[:2])}.log"
        async with process([*ANNALS, *arguments], self._variables, log, self._folder) as child, asyncio.timeout(90):
            code = await child.wait()
        printed = await asyncio.to_thread(log.read_text, "utf-8")
        assert code == 0, printed
        return printed

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        outcome: dict[str, Any] = answer.json()
        return outcome

    async def becomes(self, path: str, status: str) -> dict[str, Any]:
        """The document at this address once it has this status."""
        document: dict[str, Any] = {}

        async def has_it() -> bool:
            answer = await self.client.get(path)
            document.update(answer.json())
            return answer.status_code == 200 and document["status"] == status

        await until(has_it, f"{path} is {status}", seconds=60, every=0.2)
        return document


@pytest_asyncio.fixture
async def running(settings: Settings, tmp_path: Path) -> AsyncIterator[Running]:
    install(PROJECT, tmp_path / "site")
    port = free_port()
    variables = environment(PYTHONPATH=str(tmp_path / "site"), ANNALS_HTTP_PORT=str(port), **settings.environment())
    async with AsyncExitStack() as cleanup:
        client = await cleanup.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20))
        started = Running(variables, tmp_path, client)
        await started.annals("migrate")
        await started.annals("topics", "create")
        for role in ROLES:
            log = tmp_path / f"{'-'.join(role)}.log"
            await cleanup.enter_async_context(process([*ANNALS, *role], variables, log, tmp_path))

        async def ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(ready, "the gateway is ready", seconds=60, every=0.2)
        yield started


@pytest.mark.timeout(300)
async def test_from_its_placing_to_its_delivery(running: Running) -> None:
    await running.post("/accounts/ada/deposits", {"amount": "100.00", "currency": "EUR"})
    await running.post("/stock/tea/receipts", {"quantity": 5})
    await running.post("/orders", {**ORDER, "lines": LINES})

    booked = await running.becomes("/shipments/shipments/o-1", "booked")
    assert (booked["order_id"], booked["carrier"]) == ("o-1", "parcel post")
    page = (await running.client.get("/shipments/shipments", params={"order": "o-1"})).json()
    assert [card["shipment_id"] for card in page["documents"]] == ["o-1"]

    paths = (await running.client.get("/openapi.json")).json()["paths"]
    shown = paths["/shipments/shipments/{shipment_id}"]["get"]["responses"]["200"]["content"]["application/json"]
    assert shown["schema"] == {"$ref": "#/components/schemas/ShipmentCard"}

    too_early = await running.client.post("/shipments/o-1/DeliverShipment", json={})
    assert (too_early.status_code, too_early.json()["code"]) == (409, "InvalidTransition")
    missing = await running.client.post("/shipments/o-9/DeliverShipment", json={})
    assert (missing.status_code, missing.json()["code"]) == (404, "ShipmentNotFound")

    outcome = await running.post("/shipments/o-1/DispatchShipment", {"tracking": "PARCEL-0001"})
    assert [event["type"] for event in outcome["events"]] == ["shipments.ShipmentDispatched.v1"]
    await running.becomes("/orders/o-1", "shipped")
    await running.post("/shipments/o-1/DeliverShipment", {})
    await running.becomes("/orders/o-1", "delivered")
    delivered = await running.becomes("/shipments/shipments/o-1", "delivered")
    assert [step["type"] for step in delivered["timeline"]] == [
        *("ShipmentBooked", "ShipmentDispatched", "ShipmentDelivered")
    ]

    sagas = json.loads(await running.annals("sagas", "list", "--saga", "shipping", "--json"))
    assert "completed" in json.dumps(sagas)
    assert "agree" in await running.annals("verify")
