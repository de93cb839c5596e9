"""What a client is told of SASL and TLS, and tokens of the caller: whatever provider there is, aiokafka gets a token or
an error of Kafka.
"""

import asyncio
import ssl
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from contracts.client import tokens
from contracts.client.connection import Security
from contracts.client.kafka_errors import Next, step_after
from contracts.client.tokens import MAX_TOKEN_CHARACTERS, BearerTokens, TokenUnavailable


async def issued() -> str:
    return "aaa.bbb-_~+/ccc=="


async def broken() -> str:
    raise ZeroDivisionError("hidden")


async def silent() -> str:
    await asyncio.Event().wait()
    return ""


async def without() -> str:
    raise TokenUnavailable("the issuer is away")


def returning(value: Any) -> Any:
    async def provider() -> Any:
        return value

    return provider


async def test_a_token_of_the_caller_is_used_as_it_is() -> None:
    assert await BearerTokens(issued).token() == await issued()


@pytest.mark.parametrize(
    ("provider", "why"),
    [
        (broken, "raised ZeroDivisionError"),
        (silent, "has not answered within 0.05 s"),
        (without, "the issuer is away"),
        (returning(""), "no bearer token"),
        (returning(None), "no bearer token"),
        (returning(b"aaa"), "no bearer token"),
        (returning("aaa\x01auth=hidden"), "no bearer token"),
        (returning("aaa\n"), "no bearer token"),
        (returning("ä"), "no bearer token"),
        (returning("a" * (MAX_TOKEN_CHARACTERS + 1)), "no bearer token"),
    ],
    ids=["broken", "silent", "without", "empty", "none", "bytes", "control", "newline", "umlaut", "large"],
)
async def test_a_provider_without_a_token_is_an_error_of_kafka(
    provider: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "TOKEN_TIMEOUT_SECONDS", 0.05)
    with pytest.raises(KafkaConnectionError, match=why) as caught:
        await BearerTokens(provider).token()
    assert "hidden" not in str(caught.value)
    assert step_after(caught.value)[0] is Next.WAIT


async def test_whoever_waits_for_a_token_can_be_cancelled() -> None:
    waiting = asyncio.create_task(BearerTokens(silent).token())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_options_hold_what_the_mechanism_needs() -> None:
    assert Security().options() == {"security_protocol": "PLAINTEXT"}
    scram = Security("SASL_PLAINTEXT", "SCRAM-SHA-512", "ada", "hidden").options()
    assert scram == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ada",
        "sasl_plain_password": "hidden",
    }
    context = ssl.create_default_context()
    oauth = Security("SASL_SSL", "OAUTHBEARER", ssl_context=context, token_provider=issued).options()
    assert oauth.pop("ssl_context") is context
    assert isinstance(oauth.pop("sasl_oauth_token_provider"), BearerTokens)
    assert oauth == {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}


@pytest.mark.parametrize("given", [{}, {"username": "ada"}, {"password": "hidden"}, {"mechanism": "OAUTHBEARER"}])
def test_what_lacks_for_the_mechanism_is_told_when_it_is_set(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"SASL_SSL with .* asks for"):
        Security(**{"protocol": "SASL_SSL", **given})


def test_nothing_secret_is_shown() -> None:
    assert "hidden" not in repr(Security("SASL_SSL", "PLAIN", "ada", "hidden"))
