"""How the client reaches the brokers: addresses, security, and the options of every aiokafka client.

Also what its background tasks do when they cannot: they never end by themselves, and they log why they wait.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from aiokafka.errors import KafkaError

import contracts.client.broken_connections  # noqa: F401  # repairs those of everybody who connects
from contracts.client.errors import ClientError, KafkaUnavailable
from contracts.client.kafka_errors import Next, error_text, step_after
from contracts.client.tokens import BearerTokens, TokenProvider

MAX_BROKER_TIMEOUT_SECONDS = 10.0
METADATA_MAX_AGE_SECONDS = 60.0
REMINDER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Security:
    """SASL and TLS. `ssl_context` None with an SSL protocol: the system's certificates; it also holds the client's own
    certificate. OAUTHBEARER asks for a `token_provider`, the other mechanisms for `username` and `password`.
    """

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = None
    token_provider: TokenProvider | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.protocol.startswith("SASL"):
            return
        if self.mechanism == "OAUTHBEARER":
            if self.token_provider is None:
                raise ValueError(f"{self.protocol} with OAUTHBEARER asks for a token_provider")
        elif not self.username or not self.password:
            raise ValueError(f"{self.protocol} with {self.mechanism} asks for username and password")

    def options(self) -> dict[str, Any]:
        """These settings as options of aiokafka."""
        options: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.mechanism
            if self.mechanism == "OAUTHBEARER":
                assert self.token_provider is not None, "looked at when this was made"
                options["sasl_oauth_token_provider"] = BearerTokens(self.token_provider)
            else:
                options |= {"sasl_plain_username": self.username, "sasl_plain_password": self.password}
        if self.protocol.endswith("SSL"):
            options["ssl_context"] = self.ssl_context or ssl.create_default_context()
        return options


PLAINTEXT = Security()


def broker_options(bootstrap_servers: str, security: Security, timeout_seconds: float) -> dict[str, Any]:
    """What producers and consumers have in common. `timeout_seconds` bounds each request to a broker."""
    return {
        "bootstrap_servers": bootstrap_servers,
        "client_id": "annals-client",
        "request_timeout_ms": int(min(timeout_seconds, MAX_BROKER_TIMEOUT_SECONDS) * 1000),
        "retry_backoff_ms": 100,
        "metadata_max_age_ms": int(METADATA_MAX_AGE_SECONDS * 1000),
        **security.options(),
    }


async def stop_quietly(stop: Callable[[], Any]) -> None:
    """Stop an aiokafka client that may be broken, and ignore the error that it may end with."""
    with suppress(KafkaError, OSError, TimeoutError):
        await stop()


class FailureLog:
    """Logs why a background task cannot do its work: when the reason changes, and once a minute as long as it stays."""

    def __init__(self, what: str, log: logging.Logger) -> None:
        self._what = what
        self._log = log
        self._logged_at = 0.0
        self.reason = ""

    def failed(self, error: BaseException) -> None:
        """Log the error with advice for an operator; a bug with its traceback."""
        before, self.reason = self.reason, reason_of(error)
        if self.reason == before and monotonic() - self._logged_at < REMINDER_SECONDS:
            return
        self._logged_at = monotonic()
        if not isinstance(error, ClientError) and step_after(error)[0] is Next.BUG:
            self._log.error("%s, by a bug; tried again", self._what, exc_info=error)
        else:
            self._log.warning("%s, tried again: %s", self._what, self.reason)

    def recovered(self) -> None:
        """The task works again."""
        if self.reason:
            self._log.warning("no longer: %s", self._what)
        self.reason = ""


def reason_of(error: BaseException) -> str:
    """An error's text, and what an operator can do about it."""
    if isinstance(error, KafkaUnavailable):
        return error.explanation
    advice = "" if isinstance(error, ClientError) else step_after(error)[1]
    return f"{error_text(error)}; {advice}" if advice else error_text(error)


def is_cancel_requested() -> bool:
    """Whether a CancelledError is for the present task: aiokafka also lets those of its own tasks escape."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
