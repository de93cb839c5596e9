"""An issuer that is slow, wrong or turned against us: the fetch ends within its bounds, and says why."""

import asyncio
import json
import shutil
import time
import zlib
from pathlib import Path

import certifi
import pytest

from infra.identity import json_requests
from infra.identity.addresses import is_trusted_address
from infra.identity.issuer_client import IssuerClient
from infra.identity.issuer_keys import KeysUnusable
from tests.identity.issuer_server import DISCOVERY, JWKS, IssuerServer, response
from tests.identity.minting import minting_key

KEYS = json.dumps({"keys": [minting_key().jwk()]}).encode()


async def why_not(issuer: IssuerServer, *, jwks_url: str | None = None, deadline_seconds: float = 5.0) -> str:
    client = IssuerClient(issuer.url, jwks_url, deadline_seconds=deadline_seconds)
    try:
        with pytest.raises(KeysUnusable) as caught:
            await client.fetch()
    finally:
        await client.aclose()
    return caught.value.why


async def test_the_keys_may_be_named_by_the_settings(issuer: IssuerServer) -> None:
    client = IssuerClient(issuer.url, f"{issuer.url}{JWKS}")
    assert [key.id for key in await client.fetch()] == ["key-1"]
    assert issuer.asked == [JWKS]
    await client.aclose()


async def test_one_that_does_not_answer(issuer: IssuerServer) -> None:
    issuer.held.clear()
    began = time.monotonic()
    assert "no answer within" in await why_not(issuer, deadline_seconds=0.3)
    assert time.monotonic() - began < 3


async def test_one_that_answers_without_end(issuer: IssuerServer) -> None:
    issuer.answers[JWKS] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    issuer.answers[DISCOVERY] = issuer.answers[JWKS]
    issuer.endless = b" " * 65_536
    assert "more than" in await why_not(issuer)


async def test_one_that_sends_a_byte_now_and_then(issuer: IssuerServer) -> None:
    """Each byte comes in time, and the whole never."""
    issuer.answers[DISCOVERY] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(issuer.answers[DISCOVERY])
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    assert "no answer within" in await why_not(issuer, jwks_url=f"http://127.0.0.1:{port}/keys", deadline_seconds=0.5)
    assert time.monotonic() - began < 3
    server.close()


async def test_one_that_is_away(issuer: IssuerServer) -> None:
    await issuer.end()
    assert await why_not(issuer) == "it cannot be reached: ConnectError: All connection attempts failed"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_one_that_leads_elsewhere(issuer: IssuerServer, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.answers["/elsewhere"] = response(KEYS)
    issuer.answers[JWKS] = response(b"", status, "Location: /elsewhere")
    assert f"status {status[:3]}" in await why_not(issuer)
    assert "/elsewhere" not in issuer.asked


async def test_the_control_a_redirect_leads_there_where_it_is_followed(issuer: IssuerServer) -> None:
    issuer.answers["/elsewhere"] = response(KEYS)
    issuer.answers[JWKS] = response(b"", "302 Found", "Location: /elsewhere")
    client = IssuerClient(issuer.url)
    client._requests._http().follow_redirects = True
    assert [key.id for key in await client.fetch()] == ["key-1"]
    assert "/elsewhere" in issuer.asked
    await client.aclose()


@pytest.mark.parametrize("status", ["500 Internal Server Error", "204 No Content", "404 Not Found"])
async def test_one_that_has_an_error(issuer: IssuerServer, status: str) -> None:
    issuer.answers[JWKS] = response(b"", status)
    assert f"status {status[:3]}" in await why_not(issuer)


@pytest.mark.parametrize(
    "answer",
    [
        response(b"<html>"),
        response(b""),
        response(b"[" * 100_000),
        response(b"\xff\xfe"),
        response(zlib.compress(KEYS), "200 OK", "Content-Encoding: deflate"),
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=["html", "empty", "deep", "bytes", "compressed", "no-http"],
)
async def test_one_that_answers_nonsense(issuer: IssuerServer, answer: bytes) -> None:
    issuer.answers[JWKS] = answer
    why = await why_not(issuer)
    assert "\n" not in why
    assert "html" not in why
    assert "OpenSSH" not in why


async def test_a_description_of_another_issuer(issuer: IssuerServer) -> None:
    issuer.publish(minting_key().jwk(), issuer="https://evil.example")
    assert "another issuer" in await why_not(issuer)
    assert JWKS not in issuer.asked


@pytest.mark.parametrize(
    "address",
    ["http://evil.example/keys", "file:///etc/passwd", "ftp://evil.example/keys", "//evil.example", "", 7, None],
    ids=str,
)
async def test_a_description_that_names_an_address_nobody_can_trust(issuer: IssuerServer, address: object) -> None:
    issuer.publish(minting_key().jwk(), jwks_uri=address)
    assert "no address" in await why_not(issuer)


async def test_the_environment_sends_it_nowhere_else(issuer: IssuerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy or a .netrc that is meant for other programs."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = IssuerClient(issuer.url)
    assert await client.fetch()
    await client.aclose()
    assert not any(b"authorization" in head.lower() or b"cookie" in head.lower() for head in issuer.heads)


async def test_the_bound_is_that_of_the_answer(issuer: IssuerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_requests, "MAX_ANSWER_BYTES", 50)
    assert "more than 50 bytes" in await why_not(issuer)


@pytest.mark.parametrize(
    "address",
    [
        *("https://login.example.org", "https://login.example.org/realms/a", "https://login.example.org:8443/"),
        *("http://127.0.0.1:8000", "http://localhost/realms/a", "http://[::1]:80"),
    ],
)
def test_an_address_is_https_or_of_this_machine(address: str) -> None:
    assert is_trusted_address(address)


@pytest.mark.parametrize(
    "address",
    [
        *("http://login.example.org", "http://10.0.0.1", "ftp://a", "https://", "https:///a", "a", "", "https://a b"),
        *("https://user:secret@a", "https://a#b", "https://a?b=c", "https://a:b", "https://a\\@b", "https://\u0430"),
        *("http://127.0.0.1.evil.example", "http://localhost.evil.example", "https://a\n"),
    ],
    ids=ascii,
)
def test_any_other_is_refused(address: str) -> None:
    assert not is_trusted_address(address)


async def test_certificates_that_cannot_be_read_are_said_and_looked_for_again(
    issuer: IssuerServer, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    client = IssuerClient(issuer.url, ca_file=file)
    with pytest.raises(KeysUnusable, match="ANNALS_AUTH_TLS_CA_FILE"):
        await client.fetch()
    file.write_text("not a certificate")
    with pytest.raises(KeysUnusable, match="ANNALS_AUTH_TLS_CA_FILE"):
        await client.fetch()
    file.unlink()
    shutil.copyfile(certifi.where(), file)
    assert await client.fetch()
    await client.aclose()
