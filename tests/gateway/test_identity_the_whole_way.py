"""From the command line that makes keys and tokens to the history that names who did it, with real processes."""

import json
import os
import stat
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio

from infra.settings import Settings
from tests.gateway.requests import ADA, is_problem
from tests.gateway.running import HTTP_TIMEOUT_SECONDS, Running, annals, running_gateway
from tests.identity.issuer_server import IssuerServer, issuer_server
from tests.identity.minting import AUDIENCE, claims, minted, minting_key
from tests.waiting import until

WHY = ("--reason", "the shop opens")


async def token_of(settings: Settings, *options: str) -> str:
    ended = await annals(settings, "auth", "token", *options)
    assert ended.code == 0, ended.errors
    return ended.output.strip()


async def key_of(settings: Settings, name: str, *options: str) -> dict[str, Any]:
    ended = await annals(settings, "auth", "key", "create", name, *WHY, "--json", *options)
    assert ended.code == 0, ended.errors
    created: dict[str, Any] = json.loads(ended.output)
    return created


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def actor_of(http: httpx.AsyncClient, user_id: str, headers: dict[str, str]) -> list[str | None]:
    """Who did what to the user, once the welcome is there."""

    async def history() -> list[dict[str, Any]]:
        answer = await http.get(f"/users/{user_id}/history", headers=headers)
        events: list[dict[str, Any]] = answer.json().get("events", [])
        return events if len(events) > 1 else []

    return [event["actor"] for event in await until(history, "the user is welcomed", seconds=60)]


async def test_the_history_names_the_person(ruled: Running) -> None:
    mine = bearer(await token_of(ruled.settings, "--sub", "ada", "--scope", "users.write", "--scope", "users.read"))
    assert is_problem(await ruled.http.get("/users"), 401, "CredentialsMissing")
    answer = await ruled.http.post("/users", json={**ADA, "user_id": "who-1"}, headers=mine)
    assert answer.status_code == 201, answer.text
    assert await actor_of(ruled.http, "who-1", mine) == ["ada", "ada"]
    key_file = ruled.settings.home / "secrets" / "development-issuer.pem"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


async def test_a_service_has_a_key_until_it_is_revoked(ruled: Running) -> None:
    created = await key_of(
        ruled.settings, "shop", "--scope", "users.write", "--scope", "users.read", "--expires-in-days", "30"
    )
    mine = bearer(created["api_key"])
    body = {**ADA, "user_id": "who-2", "email": "who-2@example.org"}
    answer = await ruled.http.post("/users", json=body, headers=mine)
    assert answer.status_code == 201, answer.text
    assert await actor_of(ruled.http, "who-2", mine) == ["service:shop", "service:shop"]

    async def noted() -> bool:
        listed = await annals(ruled.settings, "auth", "key", "list", "--json")
        assert created["api_key"] not in listed.output
        return any(key["id"] == created["id"] and key["last_used_at"] for key in json.loads(listed.output))

    await until(noted, "the use of the key is noted", seconds=60)
    revoked = await annals(ruled.settings, "auth", "key", "revoke", created["id"], *WHY, "--json")
    assert json.loads(revoked.output)["revoked_at"]

    async def refused() -> bool:
        return (await ruled.http.get("/users", headers=mine)).status_code == 401

    await until(refused, "the key is refused", seconds=8)


async def test_no_log_and_no_process_shows_a_token_or_a_key(ruled: Running) -> None:
    token = await token_of(ruled.settings, "--sub", "grace")
    key = (await key_of(ruled.settings, "bank"))["api_key"]
    forged = f"{token[:-4]}AAAA"
    for secret in (token, key, forged):
        await ruled.http.post("/users", json={"first_name": 1}, headers=bearer(secret))
        await ruled.http.get(f"/users?access_token={secret}", headers=bearer(secret))
        await ruled.http.get("/users", headers=[*bearer(secret).items(), *bearer(secret).items()])
        await ruled.http.get("/users", headers={"Authorization": f"Basic {secret}"})
    written = "".join(path.read_text("utf-8", "replace") for path in ruled.folder.rglob("*.log"))
    assert '"grace"' in written or "principal=grace" in written
    assert "principal=service:bank" in written or '"service:bank"' in written
    processes = " ".join(" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
    hashed = sha256(key.encode()).hexdigest()
    for secret in (token.rpartition(".")[2], key[-43:], forged.rpartition(".")[2], hashed):
        assert secret not in written
        assert secret not in processes


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[IssuerServer]:
    async with issuer_server() as server:
        server.publish(minting_key().jwk())
        yield server


async def test_a_gateway_starts_while_the_issuer_is_away(
    settings: Settings, issuer: IssuerServer, tmp_path: Path
) -> None:
    """And says 503 to tokens that it cannot judge, until the issuer is there; keys of services need no issuer."""
    migrated = await annals(settings, "migrate")
    assert migrated.code == 0, migrated.errors
    await issuer.end()
    oidc = {"auth": "oidc", "auth_issuer": issuer.url, "auth_audience": AUDIENCE, "gateway_processes": 2}
    gateway = settings.model_copy(update=oidc)
    key = bearer((await key_of(settings, "shop", "--scope", "users.read"))["api_key"])
    mine = bearer(minted(minting_key(), claims(issuer.url, scope="users.read")))
    topics = await annals(settings, "topics", "create")
    assert topics.code == 0, topics.errors
    async with running_gateway(gateway, tmp_path) as http:
        answer = await http.get("/users", headers=mine)
        assert is_problem(answer, 503, "Unavailable")
        assert answer.json()["server"] == "the issuer of tokens"
        assert (await http.get("/users", headers=key)).status_code == 200
        await issuer.begin()

        async def answered() -> bool:
            return (await http.get("/users", headers=mine)).status_code == 200

        await until(answered, "the issuer is believed", seconds=HTTP_TIMEOUT_SECONDS)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ANNALS_HTTP_HOST": "0.0.0.0"}, "no authentication is configured"),  # noqa: S104 - refused
        (
            {"ANNALS_HTTP_HOST": "0.0.0.0", "ANNALS_AUTH": "oidc", "ANNALS_AUTH_DEVELOPMENT_ISSUER": "true"},  # noqa: S104
            "ANNALS_AUTH_DEVELOPMENT_ISSUER believes",
        ),
        ({"ANNALS_AUTH": "oidc"}, "asks for ANNALS_AUTH_ISSUER and ANNALS_AUTH_AUDIENCE"),
        ({"ANNALS_AUTH": "oidc", "ANNALS_AUTH_ISSUER": "https://a.example"}, "asks for ANNALS_AUTH_AUDIENCE"),
        ({"ANNALS_AUTH": "oidc", "ANNALS_AUTH_ISSUER": "http://a.example", "ANNALS_AUTH_AUDIENCE": "a"}, "https"),
        ({"ANNALS_AUTH": "basic"}, "ANNALS_AUTH"),
        ({"ANNALS_AUTH_DEVELOPMENT_ISSUER": "true"}, "needs ANNALS_AUTH=oidc"),
        (
            {
                "ANNALS_AUTH": "oidc",
                "ANNALS_AUTH_DEVELOPMENT_ISSUER": "true",
                "ANNALS_AUTH_ISSUER": "https://a.example",
                "ANNALS_AUTH_AUDIENCE": "a",
            },
            "stands in place of",
        ),
    ],
    ids=["open", "development", "nothing", "no-audience", "plain-http", "other", "none", "both"],
)
async def test_settings_that_do_not_fit_are_refused(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    ended = await annals(Settings(home=tmp_path), "gateway", **variables)
    assert ended.code == 2
    assert said in ended.errors
    assert "Traceback" not in ended.errors
    assert os.environ.get("ANNALS_AUTH") is None
