"""Money is paid in and pieces come in; the cards tell what there is, what is reserved and what is left."""

import httpx
import pytest

from contracts.inventory.commands import ReserveStock
from contracts.payments.commands import CaptureFunds, ReserveFunds
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import deposited, done, is_problem


class TestAccounts:
    async def test_a_deposit_opens_the_account(self, http: httpx.AsyncClient) -> None:
        answer = await deposited(http, amount="100")
        assert answer.headers["location"] == "/accounts/ada-1"
        assert answer.headers["etag"] == '"1"'
        response = await http.get("/accounts/ada-1", headers={"X-Annals-Position": answer.headers["x-annals-position"]})
        assert response.json() == {
            "user_id": "ada-1",
            "currency": "EUR",
            "balance": "100.00",
            "reserved": "0.00",
            "available": "100.00",
            "version": 1,
        }

    async def test_what_is_reserved_and_captured_is_shown(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await deposited(http)
        for order, amount in (("order-1", "30.10"), ("order-2", "5.00")):
            done(system, ReserveFunds.model_validate({"user_id": "ada-1", "order_id": order, "amount": amount}))
        done(system, CaptureFunds(user_id="ada-1", order_id="order-1"))
        answer = await http.get("/accounts/ada-1")
        card = answer.json()
        assert (card["balance"], card["reserved"], card["available"]) == ("69.90", "5.00", "64.90")
        assert "captured" not in card
        assert answer.headers["etag"] == '"4"'

    async def test_another_currency_is_a_conflict(self, http: httpx.AsyncClient) -> None:
        await deposited(http)
        refused = await http.post("/accounts/ada-1/deposits", json={"amount": "1.00", "currency": "USD"})
        assert is_problem(refused, 409, "CurrencyMismatch")

    async def test_a_user_without_an_account_learns_how_to_open_one(self, http: httpx.AsyncClient) -> None:
        absent = await http.get("/accounts/nobody")
        assert is_problem(absent, 404, "AccountNotFound")
        assert "deposit" in absent.json()["detail"]

    @pytest.mark.parametrize("amount", [100, 0.1, "0", "-1.00", "1.001", "1e3", "١", None])
    async def test_what_is_no_amount_is_refused(
        self, http: httpx.AsyncClient, system: SystemInMemory, amount: object
    ) -> None:
        refused = await http.post("/accounts/ada-1/deposits", json={"amount": amount, "currency": "EUR"})
        assert is_problem(refused, 422, "ValidationFailed")
        assert [error["field"] for error in refused.json()["errors"]] == ["amount"]
        assert system.state() == {"sent": 0, "handled": 0}

    async def test_a_repeat_under_the_same_key_pays_in_once(self, http: httpx.AsyncClient) -> None:
        for _ in range(3):
            body = {"amount": "10.00", "currency": "EUR"}
            await http.post("/accounts/ada-1/deposits", json=body, headers={"Idempotency-Key": "transfer 9"})
        assert (await http.get("/accounts/ada-1")).json()["balance"] == "10.00"

    async def test_a_stale_if_match_pays_nothing_in(self, http: httpx.AsyncClient) -> None:
        await deposited(http)
        body = {"amount": "10.00", "currency": "EUR"}
        stale = await http.post("/accounts/ada-1/deposits", json=body, headers={"If-Match": '"7"'})
        assert is_problem(stale, 412, "VersionConflict")


class TestStock:
    async def test_pieces_that_have_come_in_are_there(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        for quantity in (5, 7):
            answer = await http.post("/stock/teapot/receipts", json={"quantity": quantity})
            assert (answer.status_code, answer.headers["location"]) == (201, "/stock/teapot")
        done(system, ReserveStock(sku="teapot", order_id="order-1", quantity=2))
        response = await http.get("/stock/teapot")
        assert response.json() == {"sku": "teapot", "on_hand": 12, "reserved": 2, "available": 10, "version": 3}
        assert (await http.get("/stock/teapot", headers={"If-None-Match": response.headers["etag"]})).status_code == 304

    async def test_a_sku_that_is_unknown_is_not_found(self, http: httpx.AsyncClient) -> None:
        assert is_problem(await http.get("/stock/none"), 404, "StockNotFound")

    @pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 1.5, "3", True])
    async def test_what_is_no_quantity_is_refused(self, http: httpx.AsyncClient, quantity: object) -> None:
        refused = await http.post("/stock/teapot/receipts", json={"quantity": quantity})
        assert is_problem(refused, 422, "ValidationFailed")
