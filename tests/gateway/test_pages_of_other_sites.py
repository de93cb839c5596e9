"""What a web page of another site has its visitor's browser send is refused: nothing is changed, and nothing is read.

Each refusal is beside a control: without the one header that tells, or with the guard off, the same request passes.
"""

from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from tests.gateway.every_route import OF_SAGAS_ONLY, Operation, filled, operations, request
from tests.gateway.in_memory import SystemInMemory
from tests.gateway.requests import ADA, is_problem
from tests.gateway.serving import client_of
from workers.gateway.hosts import ANY_HOST, LOOPBACK_HOSTS, AllowedHosts

ALL = operations()
COMMANDS = [operation for operation in ALL if operation.method != "GET"]
QUERIES = [operation for operation in ALL if operation.method == "GET"]
PERSONAL = [operation for operation in ALL if operation.path not in {"/openapi.json", "/docs"}]
PROBES = ["/healthz", "/readyz", "/metrics"]
EVIL = "https://evil.example"
WAYS_TO_EMBED = (("cors", "empty"), ("no-cors", "script"), ("no-cors", "image"), ("navigate", "iframe"))
SENT_BY_A_PAGE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
)


def client(
    system: SystemInMemory, hosts: AllowedHosts = LOOPBACK_HOSTS
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return client_of(system, hosts, base_url="http://localhost:8080")


@pytest.mark.parametrize("operation", COMMANDS, ids=str)
async def test_cannot_send_a_command(system: SystemInMemory, operation: Operation) -> None:
    async with client(system) as http:
        command_id = await filled(http)
        before = system.state()
        for told in SENT_BY_A_PAGE:
            refused = await request(http, operation, command_id, headers=told)
            assert is_problem(refused, 403, "CrossSiteRequest"), told
        assert system.state() == before
        assert (await request(http, operation, command_id)).status_code < 500
        assert system.state() != before, "the same request of a program is a command"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "https://[::1]"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://LOCALHOST:8080"},
    ],
    ids=str,
)
async def test_a_page_of_ours_and_a_program_can(system: SystemInMemory, told: dict[str, str]) -> None:
    async with client(system) as http:
        assert (await http.post("/users", json=ADA, headers=told)).status_code == 201


@pytest.mark.parametrize("operation", QUERIES, ids=str)
async def test_cannot_fetch_or_embed_an_answer(system: SystemInMemory, operation: Operation) -> None:
    async with client(system) as http:
        command_id = await filled(http)
        for mode, destination in (
            ("cors", "empty"),
            ("no-cors", "script"),
            ("no-cors", "image"),
            ("navigate", "iframe"),
        ):
            told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
            assert is_problem(await request(http, operation, command_id, headers=told), 403, "CrossSiteRequest")
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert (await request(http, operation, command_id, headers=link)).status_code == 200


@pytest.mark.parametrize("operation", ALL, ids=str)
async def test_are_not_let_in_by_any_answer(system: SystemInMemory, operation: Operation) -> None:
    async with client(system) as http:
        answer = await request(http, operation, await filled(http), headers={"Origin": "http://localhost:3000"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        preflight = {"Origin": EVIL, "Access-Control-Request-Method": operation.method}
        asked = await request(http, operation, "0" * 32, method="OPTIONS", headers=preflight)
        assert asked.status_code in {403, 405}
        assert not [name for name in asked.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("operation", PERSONAL, ids=str)
async def test_find_nothing_in_a_cache(system: SystemInMemory, operation: Operation) -> None:
    async with client(system) as http:
        answer = await request(http, operation, await filled(http))
        assert answer.headers["cache-control"] == "private, no-store"


async def test_an_etag_is_honoured_although_nothing_may_be_stored(system: SystemInMemory) -> None:
    async with client(system) as http:
        await filled(http)
        tag = (await http.get("/users/ada-1")).headers["etag"]
        unchanged = await http.get("/users/ada-1", headers={"If-None-Match": tag})
        assert unchanged.status_code == 304
        assert unchanged.headers["etag"] == tag
        assert unchanged.headers["cache-control"] == "private, no-store"
        missing = await http.get("/users/nobody")
        assert missing.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("operation", ALL, ids=str)
async def test_cannot_come_by_a_name_of_their_own(system: SystemInMemory, operation: Operation) -> None:
    """DNS rebinding: the page's name leads to the gateway, and the browser takes both for one site."""
    rebound = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
    async with client(system) as http:
        command_id = await filled(http)
        before = system.state()
        refused = await request(http, operation, command_id, headers=rebound)
        assert is_problem(refused, 421, "HostNotAllowed")
        assert "ANNALS_HTTP_ALLOWED_HOSTS" in refused.json()["detail"]
        assert system.state() == before
    async with client(SystemInMemory(), ANY_HOST) as unguarded:
        command_id = await filled(unguarded)
        answered = await request(unguarded, operation, command_id, headers=rebound)
        is_done = answered.status_code in {200, 201, 204, 409}
        assert is_done or answered.json()["code"] in OF_SAGAS_ONLY, "the guard refused it, and nothing else"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:9", "[::1]", "[::1]:8080"])
async def test_the_names_of_loopback_are_answered(system: SystemInMemory, host: str) -> None:
    async with client(system) as http:
        assert (await http.get("/users", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost.evil.example", "localhost@evil.example", "127.0.0.1.evil.example", "10.0.0.7", "a b", "[::1"]
)
async def test_no_other_host_is(system: SystemInMemory, host: str) -> None:
    async with client(system) as http:
        assert is_problem(await http.get("/users", headers={"Host": host}), 421, "HostNotAllowed")


async def test_a_request_must_have_exactly_one_host(system: SystemInMemory) -> None:
    async with client(system) as http:
        assert is_problem(await http.get("/users", headers={"Host": ""}), 400, "HostMissing")
        twice = [("Host", "localhost"), ("Host", "evil.example")]
        assert is_problem(await http.get("/users", headers=twice), 400, "HeaderRepeated")


@pytest.mark.parametrize("path", PROBES)
async def test_a_probe_may_name_the_address_of_its_pod(system: SystemInMemory, path: str) -> None:
    async with client(system) as http:
        for host in ("10.244.1.7:8080", "[fd00::7]:8080", "localhost", ""):
            assert (await http.get(path, headers={"Host": host})).status_code == 200
        assert is_problem(await http.get(path, headers={"Host": "evil.example"}), 421, "HostNotAllowed")
