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
        found = await http.get("/users/ada-1", headers={"If-None-Match": first.headers["etag"]})
        assert (found.status_code, found.json()["city"]) == (200, "Turin")

    async def test_a_card_that_the_caller_has_is_not_sent_again(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        tag = (await http.get("/users/ada-1")).headers["etag"]
        same = await http.get("/users/ada-1", headers={"If-None-Match": tag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)


class TestListing:
    async def test_pages_follow_one_another_without_gap_or_repeat(self, http: httpx.AsyncClient) -> None:
        everybody = [f"user-{number:02d}" for number in range(7)]
        for user in everybody:
            await created(http, user_id=user, email=f"{user}@example.org")
        found: list[str] = []
        cursor = None
        for size in (3, 3, 1):
            page = (await http.get("/users", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
            assert len(page["users"]) == size
            found += [card["user_id"] for card in page["users"]]
            cursor = page["cursor"]
        assert cursor is None
        assert found == everybody

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
