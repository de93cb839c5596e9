"""What lives is never said not to exist: not while its read model is emptied, behind, or cannot be folded."""

import asyncio

import httpx
import pytest

from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import created, deposited, is_problem, placed

PLACES = ("/users/ada-1", "/orders/o-1", "/accounts/ada-1", "/stock/teapot")


async def everything(http: httpx.AsyncClient) -> None:
    await created(http, user_id="ada-1")
    await deposited(http)
    await placed(http, "o-1")
    assert (await http.post("/stock/teapot/receipts", json={"quantity": 5})).status_code == 201
    for place in PLACES:
        assert (await http.get(place)).status_code == 200


@pytest.mark.parametrize("place", PLACES)
async def test_is_behind_and_then_answers(http: httpx.AsyncClient, system: SystemInMemory, place: str) -> None:
    await everything(http)
    system.read_models.projects.clear()
    system.read_models.server.empty()
    behind = await http.get(place)
    assert is_problem(behind, 503, "ReadModelBehind")
    assert behind.headers["retry-after"]
    assert (await http.head(place)).status_code == 503
    system.read_models.projects.set()
    assert (await http.get(place)).status_code == 200


async def test_is_waited_for(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    system.read_models.projects.clear()
    await created(http, user_id="ada-1")
    query = asyncio.create_task(http.get("/users/ada-1"))
    done, _ = await asyncio.wait({query}, timeout=0.1)
    assert not done
    system.read_models.projects.set()
    assert (await query).json()["user_id"] == "ada-1"


async def test_who_was_deleted_or_never_made_is_not_found(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await everything(http)
    assert (await http.delete("/users/ada-1")).status_code == 204
    system.read_models.projects.clear()
    system.read_models.server.empty()
    assert is_problem(await http.get("/users/ada-1"), 404, "UserNotFound")
    assert is_problem(await http.get("/users/nobody"), 404, "UserNotFound")


async def test_who_is_deleted_while_he_is_waited_for_is_not_found(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    await created(http, user_id="ada-1")
    system.read_models.projects.clear()
    query = asyncio.create_task(http.get("/users/ada-1"))
    done, _ = await asyncio.wait({query}, timeout=0.1)
    assert not done
    assert (await http.delete("/users/ada-1")).status_code == 204
    assert is_problem(await query, 404, "UserNotFound")


async def test_no_user_is_said_not_to_exist_while_the_table_cannot_be_asked(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    await created(http, user_id="ada-1")
    assert (await http.get("/users/ada-1")).status_code == 200
    system.away.add("Postgres")
    assert (await http.get("/users/ada-1")).status_code == 200, "what is there needs no table"
    assert (await http.get("/users/nobody")).status_code == 503


async def test_what_the_projections_code_cannot_fold_is_behind(
    http: httpx.AsyncClient, system: SystemInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await created(http, user_id="ada-1")
    system.read_models.projects.clear()
    system.read_models.server.empty()

    def raises(*_: object) -> None:
        raise KeyError("city")

    monkeypatch.setattr("workers.gateway.archive.fold", raises)
    assert is_problem(await http.get("/users/ada-1"), 503, "ReadModelBehind")
