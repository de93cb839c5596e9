"""With authentication, whoever asks says who they are: in one header, by a token that is looked at before all else."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
import structlog

from contracts.principal import Principal
from tests.gateway.every_route import OF_SAGAS_ONLY, UNPUBLISHED, Operation, filled, operations, request
from tests.gateway.in_memory import SystemInMemory, application
from tests.gateway.requests import ADA, created, is_problem
from tests.gateway.serving import client_of
from tests.scopes import scopes
from workers.gateway.authentication import MAX_TOKEN_CHARACTERS
from workers.gateway.documentation import assets_folder
from workers.gateway.health import PROBES
from workers.ports.commands import Overloaded
from workers.ports.identity import TokenRefused
from workers.ports.lanes import Unavailable

CALLERS = {f"token-of-{name}": Principal(name, scopes()) for name in ("ada", "grace")}
OPEN = {*(f"GET {path}" for path in PROBES), *UNPUBLISHED}
CLOSED = [operation for operation in operations() if str(operation) not in OPEN]


class KnownTokens:
    """An `Authenticator` that knows two tokens. `fault` is raised instead, once it is set."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.fault: Exception | None = None

    async def principal(self, token: str) -> Principal:
        self.seen.append(token)
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        if token not in CALLERS:
            raise TokenRefused("the token has expired")
        return CALLERS[token]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


ADAS = bearer("token-of-ada")


@pytest.fixture
def known() -> KnownTokens:
    return KnownTokens()


@pytest_asyncio.fixture
async def http(system: SystemInMemory, known: KnownTokens) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that authenticates."""
    async with client_of(system, authenticator=known) as client:
        yield client


@pytest_asyncio.fixture
async def command_id(system: SystemInMemory) -> str:
    """Something is at each address, put there without authentication; the id of a command."""
    async with client_of(system) as open_:
        return await filled(open_)


@pytest.mark.parametrize("operation", CLOSED, ids=str)
async def test_without_credentials_nothing_is_done(
    http: httpx.AsyncClient, system: SystemInMemory, command_id: str, operation: Operation
) -> None:
    before = system.state()
    answer = await request(http, operation, command_id)
    assert is_problem(answer, 401, "CredentialsMissing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="annals"'
    assert system.state() == before
    with_token = await request(http, operation, command_id, headers=ADAS)
    is_done = with_token.status_code in (200, 201, 204, 409)
    assert is_done or with_token.json()["code"] in OF_SAGAS_ONLY, with_token.text


@pytest.mark.parametrize(
    "path", ["/users/", "//users", "/nothing", "/metrics/", "/docs/../users", "/docsx", "/%75sers"]
)
async def test_nor_is_anything_told_at_other_addresses(http: httpx.AsyncClient, path: str) -> None:
    assert is_problem(await http.get(path), 401, "CredentialsMissing")


async def test_probes_and_the_documentation_are_open_to_all(http: httpx.AsyncClient, known: KnownTokens) -> None:
    assets = ["/docs/assets/swagger-ui-bundle.js"] if assets_folder() else []
    for path in [*PROBES, "/docs", "/openapi.json", *assets]:
        for headers in ({}, bearer("wrong")):
            answer = await http.get(path, headers=headers)
            assert answer.status_code == 200, path
            assert (await http.head(path, headers=headers)).status_code == 200
    assert known.seen == [], "a token could be tried out"
    assert is_problem(await http.post("/metrics"), 401, "CredentialsMissing")


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic YWRhOnNlY3JldA==",
        "token-of-ada",
        "Bearer",
        "Bearer ",
        "Bearertoken-of-ada",
        "Negotiate abc",
        "",
        "Digest a",
    ],
    ids=ascii,
)
async def test_another_scheme_is_refused(http: httpx.AsyncClient, known: KnownTokens, authorization: str) -> None:
    answer = await http.get("/users", headers={"Authorization": authorization})
    assert is_problem(answer, 401, "InvalidToken")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="annals", error="invalid_token", error_desc')
    assert known.seen == []


@pytest.mark.parametrize(
    "token",
    ["a b", "a,b", 'a"b', "a\\b", "a\tb", "a=b", b"\xd0\xb0", "a\x7f", "x" * (MAX_TOKEN_CHARACTERS + 1)],
    ids=lambda token: ascii(token)[:12],
)
async def test_what_no_token_can_be_is_not_looked_at(
    http: httpx.AsyncClient, known: KnownTokens, token: str | bytes
) -> None:
    value = b"Bearer " + (token if isinstance(token, bytes) else token.encode())
    assert is_problem(await http.get("/users", headers=[(b"authorization", value)]), 401, "InvalidToken")
    assert known.seen == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
async def test_the_scheme_may_be_written_in_any_case(http: httpx.AsyncClient, scheme: str) -> None:
    assert (await http.get("/users", headers={"Authorization": f"{scheme} token-of-ada"})).status_code == 200


async def test_a_token_that_proves_nothing_is_refused_with_the_reason(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    answer = await http.post("/users", json=ADA, headers=bearer("a-wrong-token"))
    assert is_problem(answer, 401, "InvalidToken")
    challenge = 'Bearer realm="annals", error="invalid_token", error_description="the token has expired"'
    assert answer.headers["www-authenticate"] == challenge
    assert "a-wrong-token" not in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert system.sent == []


async def test_two_headers_are_one_too_many(http: httpx.AsyncClient, known: KnownTokens) -> None:
    """A proxy before the gateway may look at one of them, and the gateway at the other."""
    for second in ("Bearer token-of-grace", "Bearer token-of-ada", "Basic abc"):
        twice = [("Authorization", "Bearer token-of-ada"), ("Authorization", second)]
        assert is_problem(await http.get("/users", headers=twice), 400, "HeaderRepeated")
    assert known.seen == []


async def test_a_token_in_the_query_or_a_cookie_is_none(http: httpx.AsyncClient, known: KnownTokens) -> None:
    with structlog.testing.capture_logs() as lines:
        for query in ("access_token=token-of-ada", "authorization=Bearer%20token-of-ada", "token=token-of-ada"):
            answer = await http.get(f"/users?{query}", headers={"Cookie": query})
            assert is_problem(answer, 401, "CredentialsMissing")
            assert is_problem(await http.get(f"/users?{query}", headers=ADAS), 422, "ValidationFailed")
    assert set(known.seen) == {"token-of-ada"}
    assert "token-of" not in str(lines)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Unavailable("the issuer of tokens", "10.1.2.3 is away"), "Unavailable"),
        (Overloaded("API keys", 1), "Overloaded"),
    ],
    ids=["issuer", "limit"],
)
async def test_what_cannot_be_judged_now_may_be_asked_again(
    http: httpx.AsyncClient, known: KnownTokens, fault: Exception, code: str
) -> None:
    known.fault = fault
    answer = await http.get("/users", headers=ADAS)
    assert is_problem(answer, 503, code)
    assert int(answer.headers["retry-after"]) > 0
    assert "10.1.2.3" not in answer.text
    assert (await http.get("/healthz")).status_code == 200


async def test_a_bug_is_no_way_in(http: httpx.AsyncClient, known: KnownTokens, system: SystemInMemory) -> None:
    known.fault = RuntimeError("token-of-ada")
    answer = await http.post("/users", json=ADA, headers=ADAS)
    assert is_problem(answer, 500, "InternalError")
    assert system.sent == []


async def test_the_caller_is_the_actor_of_the_command(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    await http.post("/users", json={**ADA, "user_id": "ada-1"}, headers=ADAS)
    await http.patch("/users/ada-1", json={"city": "Paris"}, headers=bearer("token-of-grace"))
    await http.post("/users/ada-1/undo", headers=bearer("token-of-grace"))
    assert [meta.actor for _, meta in system.sent] == ["ada", "grace", "grace"]


async def test_without_authentication_nobody_is(system: SystemInMemory) -> None:
    async with client_of(system) as open_:
        await created(open_, user_id="ada-1")
        await open_.patch("/users/ada-1", json={"city": "Paris"}, headers=ADAS)
    assert [meta.actor for _, meta in system.sent] == [None, None]


async def test_the_same_idempotency_key_of_two_callers_is_two_requests(
    http: httpx.AsyncClient, system: SystemInMemory
) -> None:
    key = {"Idempotency-Key": "k"}
    for name, email in (("ada", "a@example.org"), ("grace", "g@example.org"), ("ada", "a@example.org")):
        body = {**ADA, "email": email}
        answer = await http.post("/users", json=body, headers=bearer(f"token-of-{name}") | key)
        assert answer.status_code == 201, answer.text
    assert len(system.log) == 2
    assert len({meta.command_id for _, meta in system.sent}) == 2


async def test_the_log_names_the_principal_and_never_the_token(http: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines:
        await http.get("/users?city=london", headers=ADAS)
        await http.get("/users", headers=bearer("a-wrong-token"))
        await http.get("/users")
    logged = [line for line in lines if line["event"] == "request"]
    assert [(line["status"], line.get("principal")) for line in logged] == [(200, "ada"), (401, None), (401, None)]
    assert logged[1]["reason"] == "the token has expired"
    assert "token-of-ada" not in str(lines)
    assert "a-wrong-token" not in str(lines)


async def test_the_document_says_what_is_asked_for(http: httpx.AsyncClient, system: SystemInMemory) -> None:
    document = (await http.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["security"] == [{"bearer": []}]
    for path, by_method in document["paths"].items():
        for operation in by_method.values():
            assert (operation.get("security") == []) == (path in PROBES)
            assert path in PROBES or {"401", "403", "503"} <= operation["responses"].keys()
    without = application(system).openapi()
    assert "security" not in without
    assert "401" not in without["paths"]["/users"]["get"]["responses"]
