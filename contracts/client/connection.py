"""How the client reaches the brokers: addresses, security, and what every aiokafka client is told."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.errors import KafkaError

MAX_BROKER_TIMEOUT_SECONDS = 10.0
METADATA_MAX_AGE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Security:
    """SASL and TLS. `ssl_context` None with an SSL protocol: the system's certificates."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = None

    def options(self) -> dict[str, Any]:
        """The same as options of aiokafka."""
        options: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
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


async def stopped(stop: Callable[[], Any]) -> None:
    """Stop an aiokafka client that may be broken: what it says on leaving interests nobody."""
    with suppress(KafkaError, OSError, TimeoutError):
        await stop()
