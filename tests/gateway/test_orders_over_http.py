"""An order is placed, followed on its card, acted upon, and found among its user's orders, newest first."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from contracts.orders.commands import CancelOrder, ConfirmOrder, PlaceOrder
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.read_models_in_memory import lane_of
from tests.gateway.requests import LINES, ORDER, done, is_problem, placed
from workers.gateway.orders import OrderCard


class TestPlacing:
    async def test_a_new_order_is_answered_with_the_outcome_and_its_places(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/orders", json=ORDER)
        assert answer.status_code == 201
        outcome = answer.json()
        assert [event["type"] for event in outcome["events"]] == ["orders.OrderPlaced.v1"]
        assert UUID(outcome["stream_id"]).version == 7
        assert answer.headers["location"] == f"/orders/{outcome['stream_id']}"
        assert answer.headers["etag"] == '"1"'
        assert answer.headers["x-annals-position"] == f"orders:{lane_of(outcome['stream_id'])}:1"

    async def test_only_what_was_given_is_sent(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        await placed(http, "order-1")
        assert system.sent[-1][0] == PlaceOrder.model_validate({**ORDER, "order_id": "order-1"})
        assert b"confirm_within_seconds" not in system.sent[-1][0].to_json()
        await placed(http, "order-2", confirm_within_seconds=60)
        assert b'"confirm_within_seconds":60' in system.sent[-1][0].to_json()

    async def test_a_repeat_under_the_same_key_places_no_second_order(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        answers = [await http.post("/orders", json=ORDER, headers={"Idempotency-Key": "basket 7"}) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert len(system.log) == 1

    async def test_an_id_that_is_taken_is_a_conflict(self, http: httpx.AsyncClient) -> None:
        await placed(http, "order-1")
        assert is_problem(await http.post("/orders", json={**ORDER, "order_id": "order-1"}), 409, "OrderAlreadyExists")

    async def test_an_order_without_lines_is_a_fault_of_the_request(self, http: httpx.AsyncClient) -> None:
        assert is_problem(await http.post("/orders", json={**ORDER, "lines": []}), 422, "EmptyOrder")

    @pytest.mark.parametrize(
        ("line", "wrong"),
        [
            ({"unit_price": 19.9}, "unit_price"),
            ({"unit_price": 20}, "unit_price"),
            ({"unit_price": "0.00"}, "unit_price"),
            ({"unit_price": "1.999"}, "unit_price"),
            ({"quantity": 0}, "quantity"),
            ({"quantity": "2"}, "quantity"),
            ({"total": "1.00"}, "total"),
        ],
    )
    async def test_a_wrong_line_is_named_and_nothing_is_sent(
        self, http: httpx.AsyncClient, system: SystemInMemory, line: dict[str, object], wrong: str
    ) -> None:
        refused = await http.post("/orders", json={**ORDER, "lines": [LINES[0], {**LINES[1], **line}]})
        assert is_problem(refused, 422, "ValidationFailed")
        assert [error["field"] for error in refused.json()["errors"]] == [f"lines.1.{wrong}"]
        assert system.state() == {"sent": 0, "handled": 0}

    async def test_no_client_says_what_an_order_costs(self, http: httpx.AsyncClient) -> None:
        assert is_problem(await http.post("/orders", json={**ORDER, "total": "0.01"}), 422, "ValidationFailed")


class TestTheCard:
    async def test_it_tells_what_was_ordered_and_what_has_happened(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await placed(http, "order-1")
        done(system, ConfirmOrder(order_id="order-1"))
        answer = await http.get("/orders/order-1")
        card = answer.json()
        OrderCard.model_validate(card)
        assert (card["status"], card["total"], card["currency"], card["lines"]) == ("confirmed", "40.00", "EUR", LINES)
        assert [step["type"] for step in card["timeline"]] == ["OrderPlaced", "OrderConfirmed"]
        assert answer.headers["etag"] == '"2"'

    async def test_a_client_that_has_it_is_answered_so(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        tag = (await placed(http, "order-1")).headers["etag"]
        same = await http.get("/orders/order-1", headers={"If-None-Match": tag})
        assert (same.status_code, same.content) == (304, b"")
        done(system, ConfirmOrder(order_id="order-1"))
        assert (await http.get("/orders/order-1", headers={"If-None-Match": tag})).json()["version"] == 2

    async def test_an_order_that_was_never_placed_is_not_found(self, http: httpx.AsyncClient) -> None:
        assert is_problem(await http.get("/orders/none"), 404, "OrderNotFound")


class TestActing:
    async def test_a_placed_order_is_cancelled_with_a_reason_or_without(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        for order, body in (("order-1", {"reason": "Changed my mind"}), ("order-2", {}), ("order-3", None)):
            await placed(http, order)
            answer = await http.post(f"/orders/{order}/cancel", json=body) if body is not None else None
            answer = answer or await http.post(f"/orders/{order}/cancel")
            assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
            card = (await http.get(f"/orders/{order}")).json()
            assert (card["status"], card["reason"]) == ("cancelled", (body or {}).get("reason"))
        assert system.sent[-1][0] == CancelOrder(order_id="order-3")

    async def test_a_confirmed_order_is_shipped_and_delivered(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await placed(http, "order-1")
        done(system, ConfirmOrder(order_id="order-1"))
        for act, body in (("ship", {"tracking": "AB 123"}), ("deliver", None)):
            assert (await http.post(f"/orders/order-1/{act}", json=body)).status_code == 200
        card = (await http.get("/orders/order-1")).json()
        assert [step["type"] for step in card["timeline"]][2:] == ["OrderShipped", "OrderDelivered"]

    async def test_what_the_states_do_not_allow_is_a_conflict(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await placed(http, "order-1")
        refused = await http.post("/orders/order-1/ship")
        assert is_problem(refused, 409, "InvalidTransition")
        assert "placed" in refused.json()["detail"]
        done(system, ConfirmOrder(order_id="order-1"))
        assert is_problem(await http.post("/orders/order-1/cancel"), 409, "InvalidTransition")

    @pytest.mark.parametrize("act", ["cancel", "ship", "deliver"])
    async def test_an_order_that_was_never_placed_cannot_be_acted_upon(self, http: httpx.AsyncClient, act: str) -> None:
        assert is_problem(await http.post(f"/orders/none/{act}"), 404, "OrderNotFound")

    @pytest.mark.parametrize("act", ["cancel", "ship", "deliver"])
    async def test_a_stale_if_match_changes_nothing(self, http: httpx.AsyncClient, act: str) -> None:
        await placed(http, "order-1")
        stale = await http.post(f"/orders/order-1/{act}", headers={"If-Match": '"7"'})
        assert is_problem(stale, 412, "VersionConflict")
        assert (await http.get("/orders/order-1")).json()["status"] == "placed"


class TestTheOrdersOfAUser:
    async def test_they_come_newest_first_in_pages(self, http: httpx.AsyncClient) -> None:
        for number in range(7):
            await placed(http, f"order-{(number * 3) % 7}")
            await placed(http, f"other-{number}", user_id="ada-2")
        newest_first = [f"order-{(number * 3) % 7}" for number in reversed(range(7))]
        ids_shown: list[str] = []
        cursor = None
        for size in (3, 3, 1):
            query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            page = (await http.get("/users/ada-1/orders", params=query)).json()
            assert len(page["orders"]) == size
            ids_shown += [card["order_id"] for card in page["orders"]]
            cursor = page["cursor"]
        assert cursor is None
        assert ids_shown == newest_first

    @pytest.mark.parametrize("limit", [1, 2, 50])
    async def test_those_of_one_batch_come_in_the_order_of_events(
        self, http: httpx.AsyncClient, system: SystemInMemory, limit: int
    ) -> None:
        ids = [order_id for order_id in map("order-{}".format, range(60)) if lane_of(order_id) == 3]
        await placed(http, "order-of-an-earlier-batch")
        system.batch_time = datetime.now(UTC)
        for order in (ids[2], ids[0], ids[4], ids[1], ids[3]):
            await placed(http, order)
        ids_shown: list[str] = []
        query = {"limit": str(limit)}
        while True:
            page = (await http.get("/users/ada-1/orders", params=query)).json()
            ids_shown += [OrderCard.model_validate(card).order_id for card in page["orders"]]
            if page["cursor"] is None:
                break
            query["cursor"] = page["cursor"]
        assert ids_shown == [ids[3], ids[1], ids[4], ids[0], ids[2], "order-of-an-earlier-batch"]

    async def test_one_that_is_placed_between_two_pages_moves_none_of_the_others(self, http: httpx.AsyncClient) -> None:
        for number in range(4):
            await placed(http, f"order-{number}")
        first = (await http.get("/users/ada-1/orders?limit=2")).json()
        await placed(http, "order-9")
        rest = (await http.get("/users/ada-1/orders", params={"limit": 5, "cursor": first["cursor"]})).json()
        assert [card["order_id"] for card in rest["orders"]] == ["order-1", "order-0"]

    async def test_a_user_without_orders_has_an_empty_list(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/users/nobody/orders")).json() == {"orders": [], "cursor": None}

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=!"])
    async def test_a_query_out_of_bounds_is_refused(self, http: httpx.AsyncClient, query: str) -> None:
        assert is_problem(await http.get(f"/users/ada-1/orders?{query}"), 422, "ValidationFailed")
