"""How every Kafka client of this package reaches the brokers: addresses, security, timeouts.

This is the only place that turns the settings into SASL and TLS; what aiokafka is told of them stands in the published
client (contracts/client), so that both take the same options.
"""

import ssl
from typing import Any

from contracts.client.connection import Security
from contracts.client.tokens import TokenProvider
from infra.settings import Settings
from infra.tls import TlsFiles, TlsFilesUnusable, client_context
from workers.ports.lanes import Unavailable

REQUEST_TIMEOUT_SECONDS = 10.0


def client_options(settings: Settings) -> dict[str, Any]:
    """The options that aiokafka's producers, consumers and admin clients share, for located settings.

    Raises Unavailable when the configured certificates cannot be read.
    """
    return {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "client_id": "annals",
        "request_timeout_ms": int(REQUEST_TIMEOUT_SECONDS * 1000),
        "retry_backoff_ms": 100,
        "metadata_max_age_ms": 10_000,
        **security_of(settings).options(),
    }


def consumer_options(settings: Settings) -> dict[str, Any]:
    """Those of consumers (contracts.client.consumer.Consumer) that read records. Raises Unavailable as above."""
    return {**client_options(settings), "max_unpacked_bytes": settings.kafka_max_unpacked_bytes}


def security_of(settings: Settings) -> Security:
    """SASL and TLS from the settings. Raises Unavailable when the configured certificates cannot be used."""
    password = settings.kafka_sasl_password
    encrypted = settings.kafka_security_protocol.endswith("SSL")
    with_tokens = settings.kafka_security_protocol.startswith("SASL") and settings.kafka_sasl_mechanism == "OAUTHBEARER"
    return Security(
        protocol=settings.kafka_security_protocol,
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_sasl_username,
        password=password.get_secret_value() if password else None,
        ssl_context=tls_context(settings) if encrypted else None,
        token_provider=_tokens(settings) if with_tokens else None,
    )


def _tokens(settings: Settings) -> TokenProvider:
    # Only who needs them loads the libraries for them: they take 12 MB of each process.
    from infra.kafka.oauth import token_provider

    return token_provider(settings)


def tls_context(settings: Settings) -> ssl.SSLContext:
    """A context with the configured certificates. Raises Unavailable."""
    files = TlsFiles(
        "ANNALS_KAFKA_TLS",
        settings.kafka_tls_ca_file,
        settings.kafka_tls_cert_file,
        settings.kafka_tls_key_file,
        settings.kafka_tls_key_password,
    )
    try:
        return client_context(files)
    except TlsFilesUnusable as error:
        raise Unavailable("Kafka", error.explanation, error.advice) from error
