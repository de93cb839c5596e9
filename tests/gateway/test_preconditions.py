"""Preconditions at every address and with every method, as RFC 9110, section 13, has them."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.gateway.every_route import Operation, filled, operations, request
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, created, is_problem, placed

ALL = operations()
QUERIES = [operation for operation in ALL if operation.method == "GET"]
COMMANDS = [operation for operation in operations(declared=False) if operation.method != "GET"]
BEGINNING = ["POST /users", "POST /orders"]
"""What these make is not there yet; the others go to what is."""
OF_THERE = [
    operation
    for operation in COMMANDS
    if str(operation) not in BEGINNING and not operation.path.endswith(("/ship", "/deliver"))
]
MAKING = [operation for operation in COMMANDS if str(operation) in BEGINNING]
DATES = {
    "If-Modified-Since": "Sat, 01 Jan 2050 00:00:00 GMT",
    "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
    "If-Range": '"1"',
}
VERSIONS = {"users": 2, "orders": 1, "accounts": 1, "stock": 1}


def version_of(operation: Operation) -> int:
    """The version of what an operation of `OF_THERE` goes to."""
    return VERSIONS[operation.path.split("/")[1]]


class TestAQuery:
    @pytest.mark.parametrize("operation", QUERIES, ids=str)
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_of_what_is_there(self, http: httpx.AsyncClient, operation: Operation, method: str) -> None:
        command_id = await filled(http)

        async def asked(*headers: tuple[str, str]) -> httpx.Response:
            return await request(http, operation, command_id, method=method, headers=list(headers))

        whole = await asked()
        tag = whole.headers.get("etag")
        assert (await asked(("If-Match", "*"))).status_code == 200
        assert (await asked(*DATES.items())).status_code == 200
        assert (await asked(("If-None-Match", '"other"'))).status_code == 200
        unchanged = await asked(("If-None-Match", "*"))
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers.get("etag") == tag
        assert "content-length" not in unchanged.headers
        failed = await asked(("If-Match", '"other"'))
        assert failed.status_code == 412
        assert failed.headers["content-type"] == "application/problem+json"
        assert (await asked(("If-Match", '"other"'), ("If-None-Match", "*"))).status_code == 412, "If-Match goes first"
        assert (await asked(("If-Match", "*"), ("If-None-Match", "*"))).status_code == 304
        for malformed in ("1", '"1', '"1" "2"', '*, "1"', "W/1", '"a"x', '"a b"'):
            refused = await asked(("If-None-Match", malformed))
            assert refused.status_code == 422, malformed
        if tag is not None:
            for line in (tag, f"W/{tag}", f'"x,y" , {tag}', f", {tag},", f'W/"x",{tag}'):
                assert (await asked(("If-None-Match", line))).status_code == 304, line
            assert (await asked(("If-None-Match", '"x"'), ("If-None-Match", tag))).status_code == 304, "two lines"
            assert (await asked(("If-Match", '"x"'), ("If-Match", tag))).status_code == 200, "two lines"
            assert (await asked(("If-Match", f"W/{tag}"))).status_code == 412, "a strong comparison"
            assert (await asked(("If-Match", tag), ("If-None-Match", tag))).status_code == 304

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-None-Match": "*"}, {"If-Match": '"x"'}])
    async def test_of_what_is_not_there_is_a_404_whatever_they_say(
        self, http: httpx.AsyncClient, method: str, headers: dict[str, str]
    ) -> None:
        assert (await http.request(method, "/users/nobody", headers=headers)).status_code == 404

    async def test_of_a_version_that_is_over_is_a_412_and_a_later_one_is_waited_for(
        self, http: httpx.AsyncClient, system: SystemInMemory
    ) -> None:
        await created(http, user_id="ada-1")
        await http.patch("/users/ada-1", json={"city": "Turin"})
        over = await http.get("/users/ada-1", headers={"If-Match": '"1"'})
        assert is_problem(over, 412, "PreconditionFailed")
        assert over.headers["etag"] == '"2"'
        assert (await http.get("/users/ada-1", headers={"If-Match": '"1", "2"'})).status_code == 200
        system.read_models.projects.clear()
        assert (await http.get("/users/ada-1", headers={"If-Match": '"2", "9"'})).status_code == 200

    async def test_a_bare_version_names_a_card_that_others_have_a_share_in(self, http: httpx.AsyncClient) -> None:
        version = (await created(http, user_id="ada-1")).headers["etag"]
        await placed(http, "order-1")
        tag = (await http.get("/users/ada-1")).headers["etag"]
        assert tag != version
        assert (await http.get("/users/ada-1", headers={"If-Match": version})).status_code == 200
        assert (await http.get("/users/ada-1", headers={"If-None-Match": version})).status_code == 200
        assert (await http.get("/users/ada-1", headers={"If-None-Match": tag})).status_code == 304


class TestACommand:
    @pytest.mark.parametrize("operation", OF_THERE, ids=str)
    async def test_to_what_is_there(
        self, http: httpx.AsyncClient, system: SystemInMemory, operation: Operation
    ) -> None:
        command_id, version = await filled(http), version_of(operation)
        before = len(system.log)

        async def asked(*headers: tuple[str, str]) -> int:
            return (await request(http, operation, command_id, headers=list(headers))).status_code

        wrong = f'"{version + 1}"'
        for failing in (
            [("If-None-Match", "*")],
            [("If-None-Match", f'"{version}"')],
            [("If-None-Match", f'W/"{version}"')],
            [("If-None-Match", f'"x", "{version}.0abc"')],
            [("If-None-Match", '"x"'), ("If-None-Match", f'"{version}"')],
            [("If-Match", wrong)],
            [("If-Match", f'{wrong}, "x"')],
            [("If-Match", f'W/"{version}"')],
            [("If-Match", f'"0{version}"')],
            [("If-Match", '"0"')],
            [("If-Match", ",")],
            [("If-Match", f'"{version}"'), ("If-None-Match", "*")],
            [("If-Match", "*"), ("If-None-Match", f'"{version}"')],
        ):
            assert await asked(*failing) == 412, failing
        for malformed in (f"{version}", f'*, "{version}"', '"x', f'"{version}" "{version}"'):
            assert await asked(("If-Match", malformed)) == 422, malformed
        assert len(system.log) == before, "nothing has changed"

    @pytest.mark.parametrize("operation", OF_THERE, ids=str)
    @pytest.mark.parametrize(
        "holding",
        [
            [("If-Match", "*")],
            [("If-Match", '"{version}"')],
            [("If-Match", '"{version}.0abc"')],
            [("If-Match", '"99", W/"7", "{version}"')],
            [("If-Match", '"99"'), ("If-Match", '"{version}"')],
            [("If-None-Match", '"99"')],
            [("If-None-Match", "")],
            [("If-Match", '"{version}"'), ("If-None-Match", '"99"')],
            [*DATES.items()],
        ],
        ids=str,
    )
    async def test_is_done_where_they_hold(
        self, http: httpx.AsyncClient, system: SystemInMemory, operation: Operation, holding: list[tuple[str, str]]
    ) -> None:
        command_id, version = await filled(http), version_of(operation)
        before = len(system.log)
        headers = [(name, text.format(version=version)) for name, text in holding]
        answer = await request(http, operation, command_id, headers=headers)
        assert answer.status_code in {200, 201, 204}, answer.text
        assert len(system.log) == before + 1
        if any(name in {"If-Match", "If-None-Match"} and text for name, text in holding):
            assert system.sent[-1][1].expected_version == version, "it must hold when the command is decided"

    @pytest.mark.parametrize("operation", MAKING, ids=str)
    async def test_that_begins_something(
        self, http: httpx.AsyncClient, system: SystemInMemory, operation: Operation
    ) -> None:
        command_id = await filled(http)
        for failing in ({"If-Match": "*"}, {"If-Match": '"1"'}, {"If-Match": '"1", "2"'}):
            answer = await request(http, operation, command_id, headers=failing)
            assert is_problem(answer, 412, "VersionConflict"), failing
        made = await request(http, operation, command_id, headers={"If-None-Match": "*"})
        assert made.status_code == 201
        assert system.sent[-1][1].expected_version == 0
        again = await request(http, operation, command_id, headers={"If-None-Match": "*"})
        assert is_problem(again, 412, "VersionConflict")

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/accounts/new/deposits", {"amount": "1.00", "currency": "EUR"}),
            ("/stock/new/receipts", {"quantity": 1}),
        ],
    )
    async def test_that_begins_what_it_changes(self, http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
        async def asked(**headers: str) -> int:
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            return (await http.post(path, json=body, headers=named)).status_code

        assert await asked(If_Match="*") == 412
        assert await asked(If_Match='"0"') == 412
        assert await asked(If_Match='"1"') == 412
        assert await asked(If_None_Match="*") == 201
        assert await asked(If_None_Match="*") == 412
        assert await asked(If_Match="*") == 201
        assert await asked(If_Match='"1", "2"') == 201

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    @pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-None-Match": "*"}, {"If-Match": '"7"'}])
    @pytest.mark.parametrize("deleted", [False, True], ids=["never made", "deleted"])
    async def test_to_what_is_not_there_is_a_404_whatever_they_say(
        self, http: httpx.AsyncClient, method: str, headers: dict[str, str], deleted: bool
    ) -> None:
        if deleted:
            await created(http, user_id="ada-1")
            await http.delete("/users/ada-1")
        body = None if method == "DELETE" else ADA
        answer = await http.request(method, "/users/ada-1", json=body, headers=headers)
        assert is_problem(answer, 404, "UserNotFound")

    async def test_a_deleted_user_is_nothing_to_be_seen_but_its_id_stays_used(self, http: httpx.AsyncClient) -> None:
        await created(http, user_id="ada-1")
        await http.delete("/users/ada-1")
        again = await http.post("/users", json={**ADA, "user_id": "ada-1"}, headers={"If-None-Match": "*"})
        assert is_problem(again, 409, "UserAlreadyExists")
        matched = await http.post("/users", json={**ADA, "user_id": "ada-1"}, headers={"If-Match": '"2", "3"'})
        assert is_problem(matched, 412, "VersionConflict")
        assert is_problem(await http.post("/users/ada-1/undo", headers={"If-None-Match": "*"}), 409, "NothingToUndo")


Between = Callable[[], Awaitable[None]]
