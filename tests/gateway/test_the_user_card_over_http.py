"""The user card counts the user's orders and spending; its tag changes with them, and only its version is matched."""

from collections.abc import Mapping

import httpx

from contracts.orders.commands import ConfirmOrder
from contracts.payments.commands import CaptureFunds, ReserveFunds
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, deposited, done, is_problem, placed


async def card_of(
    http: httpx.AsyncClient, user: str = "ada-1", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return await http.get(f"/users/{user}", headers=dict(headers or {}))


def spend(system: SystemInMemory, order: str, amount: str) -> None:
    """Have the money for an order taken, as its saga would."""
    done(system, ReserveFunds.model_validate({"user_id": "ada-1", "order_id": order, "amount": amount}))
    done(system, CaptureFunds(user_id="ada-1", order_id=order))


class TestCounts:
    async def test_a_new_user_has_ordered_and_spent_nothing(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        card = (await card_of(http)).json()
        assert (card["order_count"], card["total_spent"], card["last_order_date"]) == (0, "0.00", None)

    async def test_each_order_counts_once_whatever_becomes_of_it(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await created(http, user_id="ada-1")
        for number in range(3):
            await placed(http, f"order-{number}")
        await placed(http, "other", user_id="ada-2")
        await http.post("/orders/order-0/cancel")
        done(system, ConfirmOrder(order_id="order-2"))
        card = (await card_of(http)).json()
        last = (await http.get("/orders/order-2")).json()
        assert (card["order_count"], card["last_order_date"]) == (3, last["timeline"][0]["at"])

    async def test_what_was_captured_is_spent_and_what_is_reserved_is_not(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await created(http, user_id="ada-1")
        await deposited(http)
        assert (await card_of(http)).json()["total_spent"] == "0.00"
        spend(system, "order-1", "40.00")
        spend(system, "order-2", "0.20")
        done(system, ReserveFunds.model_validate({"user_id": "ada-1", "order_id": "order-3", "amount": "7.00"}))
        assert (await card_of(http)).json()["total_spent"] == "40.20"

    async def test_a_card_is_one_query(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        await created(http, user_id="ada-1")
        await placed(http, "order-1")
        system.read_models.queries.clear()
        assert (await card_of(http)).json()["order_count"] == 1
        assert system.read_models.queries == ["documents"]

    async def test_orders_of_an_unknown_user_show_once_there_is_a_card_and_not_after_it(
        self, http: httpx.AsyncClient
    ) -> None:
        await placed(http, "order-1")
        assert is_problem(await card_of(http), 404, "UserNotFound")
        await created(http, user_id="ada-1")
        assert (await card_of(http)).json()["order_count"] == 1
        await http.delete("/users/ada-1")
        assert is_problem(await card_of(http), 404, "UserNotFound")
        assert (await http.get("/users")).json()["users"] == []

    async def test_a_page_of_users_asks_for_all_of_them_at_once(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        for number in range(9):
            await created(http, user_id=f"user-{number}", email=f"{number}@example.org")
            for order in range(number % 3):
                await placed(http, f"order-{number}-{order}", user_id=f"user-{number}")
        await deposited(http, user_id="user-4", amount="50.00")
        done(system, ReserveFunds.model_validate({"user_id": "user-4", "order_id": "order-4-0", "amount": "40.00"}))
        done(system, CaptureFunds(user_id="user-4", order_id="order-4-0"))
        system.read_models.queries.clear()
        cards = (await http.get("/users")).json()["users"]
        assert [card["order_count"] for card in cards] == [number % 3 for number in range(9)]
        assert [card["total_spent"] for card in cards] == ["0.00"] * 4 + ["40.00"] + ["0.00"] * 4
        assert system.read_models.queries == ["find"]


class TestTheTag:
    async def test_it_is_the_version_while_there_is_nothing_else(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        await deposited(http)
        assert (await card_of(http)).headers["etag"] == '"1"'

    async def test_a_card_whose_counts_have_changed_is_sent_again(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await created(http, user_id="ada-1")
        await deposited(http)
        tags = [(await card_of(http)).headers["etag"]]
        for change in (
            placed(http, "order-1"),
            placed(http, "order-2"),
            http.patch("/users/ada-1", json={"city": "Turin"}),
        ):
            assert (await change).is_success
            answer = await card_of(http, headers={"If-None-Match": tags[-1]})
            assert answer.status_code == 200
            tags.append(answer.headers["etag"])
        spend(system, "order-1", "40.00")
        tags.append((await card_of(http, headers={"If-None-Match": tags[-1]})).headers["etag"])
        assert len(set(tags)) == len(tags)
        for etags in (tags[-1], f"W/{tags[-1]}", f"{tags[0]}, {tags[-1]}"):
            same = await card_of(http, headers={"If-None-Match": etags})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tags[-1])

    async def test_only_its_version_must_match(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        await placed(http, "order-1")
        tag = (await card_of(http)).headers["etag"]
        await placed(http, "order-2")
        changed = await http.patch("/users/ada-1", json={"city": "Turin"}, headers={"If-Match": tag})
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        stale = await http.patch("/users/ada-1", json={"city": "Oslo"}, headers={"If-Match": tag})
        assert is_problem(stale, 412, "VersionConflict")

    async def test_its_version_is_waited_for(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        await created(http, user_id="ada-1")
        await placed(http, "order-1")
        await http.patch("/users/ada-1", json={"city": "Turin"})
        tag = (await card_of(http)).headers["etag"]
        assert tag.startswith('"2.')
        for header in ("If-Match", "If-None-Match"):
            response = await card_of(http, headers={header: tag.replace('"2.', '"1.')})
            if header == "If-Match":
                assert is_problem(response, 412, "PreconditionFailed")
            else:
                assert (response.status_code, response.json()["city"]) == (200, "Turin")
        system.read_models.projects.clear()
        await http.patch("/users/ada-1", json={"city": "Oslo"})
        for header in ("If-Match", "If-None-Match"):
            behind = await card_of(http, headers={header: tag.replace('"2.', '"3.')})
            assert is_problem(behind, 503, "ReadModelBehind")
