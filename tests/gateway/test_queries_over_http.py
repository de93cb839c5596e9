"""Queries answer from the read models, and wait for what the caller has seen already."""

import asyncio

import httpx

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, is_problem
from workers.gateway.user_cards import UserCard


async def test_a_card_is_what_the_api_document_says(http: httpx.AsyncClient) -> None:
    await created(http, user_id="ada-1")
    answer = await http.get("/users/ada-1")
    assert answer.headers["etag"] == '"1"'
    card = UserCard.model_validate(answer.json())
    assert (card.user_id, card.email, card.version, card.order_count) == ("ada-1", "ada@example.org", 1, 0)


async def test_a_user_that_was_never_made_is_not_found(http: httpx.AsyncClient) -> None:
    assert is_problem(await http.get("/users/nobody"), 404, "UserNotFound")


class TestReadYourWrites:
    async def test_a_position_is_waited_for(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        system.read_models.projects.clear()
        position = (await created(http, user_id="ada-1")).headers["x-annals-position"]
        query = asyncio.create_task(http.get("/users/ada-1", headers={"X-Annals-Position": position}))
        listing = asyncio.create_task(http.get("/users", headers={"X-Annals-Position": f"{position}, {position}"}))
        done, _ = await asyncio.wait({query, listing}, timeout=0.1)
        assert not done
        system.read_models.projects.set()
        assert (await query).json()["user_id"] == "ada-1"
        assert [card["user_id"] for card in (await listing).json()["users"]] == ["ada-1"]

    async def test_a_version_is_waited_for(self, http: httpx.AsyncClient, system: SystemInMemory) -> None:
        await created(http, user_id="ada-1")
        await http.get("/users/ada-1")
        system.read_models.projects.clear()
        tag = (await http.patch("/users/ada-1", json={"city": "Turin"})).headers["etag"]
        query = asyncio.create_task(http.get("/users/ada-1", headers={"If-Match": tag}))
        done, _ = await asyncio.wait({query}, timeout=0.1)
        assert not done
        system.read_models.projects.set()
        assert (await query).json()["city"] == "Turin"

    async def test_an_old_card_is_never_passed_off_as_new(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await created(http, user_id="ada-1")
        await http.get("/users/ada-1")
        system.read_models.projects.clear()
        changed = await http.patch("/users/ada-1", json={"city": "Turin"})
        for header in (
            {"If-Match": changed.headers["etag"]},
            {"X-Annals-Position": changed.headers["x-annals-position"]},
        ):
            behind = await http.get("/users/ada-1", headers=header)
            assert is_problem(behind, 503, "ReadModelBehind")
            assert behind.headers["retry-after"]

    async def test_a_later_version_will_do(self, http: httpx.AsyncClient) -> None:
        first = await created(http, user_id="ada-1")
        await http.patch("/users/ada-1", json={"city": "Turin"})
        response = await http.get("/users/ada-1", headers={"If-None-Match": first.headers["etag"]})
        assert (response.status_code, response.json()["city"]) == (200, "Turin")

    async def test_a_version_that_there_never_was_is_not_waited_for(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        assert is_problem(await http.get("/users/ada-1", headers={"If-Match": '"99"'}), 412, "PreconditionFailed")
        assert (await http.get("/users/ada-1", headers={"If-None-Match": '"99"'})).status_code == 200
        assert (await http.get("/users/nobody", headers={"If-Match": '"99"'})).status_code == 404

    async def test_a_card_that_the_caller_has_is_not_sent_again(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        tag = (await http.get("/users/ada-1")).headers["etag"]
        same = await http.get("/users/ada-1", headers={"If-None-Match": tag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)


class TestListing:
    async def test_a_cursor_is_good_for_its_own_query_only(self, http: httpx.AsyncClient) -> None:
        for number in range(3):
            await created(http, user_id=f"user-{number}", email=f"{number}@example.org", city="Turin")
            for user in ("user-1", "user-2"):
                line = {"sku": "a", "quantity": 1, "unit_price": "1.00"}
                order = {"user_id": user, "lines": [line], "currency": "EUR"}
                assert (await http.post("/orders", json=order)).status_code == 201
        paths = ["/users?", "/users?city=Turin&", "/users/user-1/orders?", "/users/user-2/orders?"]
        cursors = [(await http.get(f"{path}limit=1")).json()["cursor"] for path in paths]
        assert all(cursors)
        for path in paths:
            for cursor, other in zip(cursors, paths, strict=True):
                answer = await http.get(f"{path}limit=2&cursor={cursor}")
                if path == other:
                    assert answer.status_code == 200
                else:
                    assert is_problem(answer, 422, "ValidationFailed")

    async def test_a_damaged_cursor_is_refused(self, http: httpx.AsyncClient) -> None:
        for number in range(2):
            await created(http, user_id=f"user-{number}", email=f"{number}@example.org")
        cursor: str = (await http.get("/users", params={"limit": 1})).json()["cursor"]
        others = ["B" if character == "A" else "A" for character in cursor]
        damaged = [cursor[:place] + other + cursor[place + 1 :] for place, other in enumerate(others)]
        for wrong in (*damaged, cursor[1:], cursor[:-4], cursor + cursor, "AAAA", "dXNlci0w"):
            refused = await http.get("/users", params={"cursor": wrong})
            assert is_problem(refused, 422, "ValidationFailed")
            assert [error["field"] for error in refused.json()["errors"]] == ["cursor"]

    async def test_pages_follow_one_another_without_gap_or_repeat(self, http: httpx.AsyncClient) -> None:
        everybody = [f"user-{number:02d}" for number in range(7)]
        for user in everybody:
            await created(http, user_id=user, email=f"{user}@example.org")
        ids_shown: list[str] = []
        cursor = None
        for size in (3, 3, 1):
            page = (await http.get("/users", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
            assert len(page["users"]) == size
            ids_shown += [card["user_id"] for card in page["users"]]
            cursor = page["cursor"]
        assert cursor is None
        assert ids_shown == everybody

    async def test_users_are_found_by_address_and_by_city(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        await created(http, user_id="bob-1", email="bob@example.org", city="Turin")

        async def found(**query: str) -> list[str]:
            return [card["user_id"] for card in (await http.get("/users", params=query)).json()["users"]]

        assert await found(email="ADA@example.org") == ["ada-1"]
        assert await found(city="turin") == ["bob-1"]
        assert await found(email="ada@example.org", city="Turin") == []
        assert await found(city="Oslo") == []
        assert await found() == ["ada-1", "bob-1"]
