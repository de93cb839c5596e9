"""A service asks an endpoint for a token of its own: within bounds, with an error that says why there is none."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from infra.identity import json_requests
from infra.identity.client_credentials import (
    MAX_LIFETIME_SECONDS,
    UNSTATED_LIFETIME_SECONDS,
    AccessToken,
    ClientCredentials,
    TokenNotIssued,
)
from tests.certificates import Authority
from tests.identity.issuer_server import IssuerServer, issuer_server, response
from tests.identity.test_an_issuer_over_tls import server_context

SECRET = "hidden:+/ü%"
TOKEN = {"access_token": "aaa.bbb.ccc", "token_type": "Bearer", "expires_in": 300}


def credentials(issuer: IssuerServer, **changed: Any) -> ClientCredentials:
    given: dict[str, Any] = {
        "token_url": f"{issuer.url}/token?tenant=one",
        "client_id": "annals worker",
        "client_secret": SecretStr(SECRET),
        "scope": None,
        "ca_file": None,
        "ca_setting": "THE_CA_FILE",
        "deadline_seconds": 2.0,
    }
    return ClientCredentials(**given | changed)


def answer(issuer: IssuerServer, document: object, status: str = "200 OK", *headers: str) -> None:
    issuer.answers["/token?tenant=one"] = response(json.dumps(document).encode(), status, *headers)


async def why_not(asking: ClientCredentials) -> str:
    with pytest.raises(TokenNotIssued) as caught:
        await asking.fetch()
    assert "hidden" not in str(caught.value)
    return caught.value.why


async def test_are_asked_for_as_rfc_6749_says(issuer: IssuerServer) -> None:
    answer(issuer, TOKEN)
    assert await credentials(issuer, scope="kafka logs").fetch() == AccessToken("aaa.bbb.ccc", 300.0)
    (head,), (body,) = issuer.heads, issuer.bodies
    assert head.startswith(b"POST /token?tenant=one ")
    (login,) = re.findall(rb"\r\n[Aa]uthorization: Basic (\S+)\r\n", head)
    assert base64.b64decode(login) == b"annals+worker:hidden%3A%2B%2F%C3%BC%25"
    assert sorted(body.split(b"&")) == [b"grant_type=client_credentials", b"scope=kafka+logs"]


async def test_no_scope_is_sent_where_none_is_set(issuer: IssuerServer) -> None:
    answer(issuer, TOKEN)
    await credentials(issuer).fetch()
    assert issuer.bodies == [b"grant_type=client_credentials"]


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [(3599, 3599.0), ("3599", 3599.0), (1.5, 1.5), (10**12, MAX_LIFETIME_SECONDS), (None, UNSTATED_LIFETIME_SECONDS)],
    ids=str,
)
async def test_are_valid_as_long_as_the_issuer_says(issuer: IssuerServer, stated: object, seconds: float) -> None:
    answer(issuer, {name: value for name, value in {**TOKEN, "expires_in": stated}.items() if value is not None})
    assert (await credentials(issuer).fetch()).lifetime_seconds == seconds


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "no access_token"),
        ({**TOKEN, "access_token": ""}, "no access_token"),
        ({**TOKEN, "access_token": ["hidden"]}, "no access_token"),
        ({**TOKEN, "token_type": "mac"}, "no bearer token"),
        ({**TOKEN, "token_type": ["bearer"]}, "no bearer token"),
        ({**TOKEN, "expires_in": 0}, "expires_in"),
        ({**TOKEN, "expires_in": -1}, "expires_in"),
        ({**TOKEN, "expires_in": True}, "expires_in"),
        ({**TOKEN, "expires_in": "soon"}, "expires_in"),
        ({**TOKEN, "expires_in": "9" * 5000}, "expires_in"),
    ],
    ids=str,
)
async def test_an_answer_that_holds_none_is_refused(issuer: IssuerServer, document: object, why: str) -> None:
    answer(issuer, document)
    assert why in await why_not(credentials(issuer))


async def test_the_endpoints_reason_is_told_where_it_is_one_of_rfc_6749(issuer: IssuerServer) -> None:
    answer(issuer, {"error": "invalid_client", "error_description": "hidden is wrong"}, "401 Unauthorized")
    why = await why_not(credentials(issuer))
    assert why == f"{issuer.url}/token: it refuses: invalid_client; set the client's id and secret right"


@pytest.mark.parametrize(
    "document", [{"error": "hidden"}, {"error": ["invalid_client"]}, ["hidden"], "hidden"], ids=str
)
async def test_another_reason_is_not_quoted(issuer: IssuerServer, document: object) -> None:
    answer(issuer, document, "400 Bad Request")
    assert "status 400" in await why_not(credentials(issuer))


@pytest.mark.parametrize("status", ["500 Internal Server Error", "204 No Content", "404 Not Found"])
async def test_an_endpoint_that_has_an_error(issuer: IssuerServer, status: str) -> None:
    issuer.answers["/token?tenant=one"] = response(b"", status)
    assert f"status {status[:3]}" in await why_not(credentials(issuer))


async def test_no_redirect_is_followed(issuer: IssuerServer) -> None:
    answer(issuer, {}, "307 Temporary Redirect", "Location: /elsewhere")
    assert "status 307" in await why_not(credentials(issuer))
    assert issuer.asked == ["/token?tenant=one"]


async def test_an_answer_that_is_no_json_or_is_compressed(issuer: IssuerServer) -> None:
    issuer.answers["/token?tenant=one"] = response(b"hidden")
    assert "no JSON" in await why_not(credentials(issuer))
    answer(issuer, TOKEN, "200 OK", "Content-Encoding: gzip")
    assert "compressed" in await why_not(credentials(issuer))


async def test_the_deadline_and_the_bound(issuer: IssuerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(issuer, TOKEN)
    issuer.held.clear()
    assert "no answer within 0.2 s" in await why_not(credentials(issuer, deadline_seconds=0.2))
    issuer.held.set()
    monkeypatch.setattr(json_requests, "MAX_ANSWER_BYTES", 20)
    assert "more than 20 bytes" in await why_not(credentials(issuer))


async def test_an_endpoint_that_is_away(issuer: IssuerServer) -> None:
    await issuer.end()
    assert "cannot be reached: ConnectError: " in await why_not(credentials(issuer))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
async def test_come_over_tls_from_who_has_a_certificate_for_that_name(address: str, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "another")
    context = server_context(authority.issue("issuer", address).both_file)
    async with issuer_server(context) as issuer:
        answer(issuer, TOKEN)
        if address == "127.0.0.1":
            assert await credentials(issuer, ca_file=authority.ca_file).fetch()
        else:
            assert "IP address mismatch" in await why_not(credentials(issuer, ca_file=authority.ca_file))
        assert "certificate verify failed" in await why_not(credentials(issuer, ca_file=stranger.ca_file))
        assert "certificates of THE_CA_FILE cannot be read" in await why_not(
            credentials(issuer, ca_file=tmp_path / "none")
        )


def test_nothing_secret_is_shown() -> None:
    asking = ClientCredentials("https://issuer/token", "annals", SecretStr(SECRET), None, None, "THE_CA_FILE")
    assert "hidden" not in repr(asking)
    assert "aaa" not in repr(AccessToken("aaa", 1.0))
