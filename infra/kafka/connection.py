"""How every Kafka client of this package reaches the brokers: addresses, security, timeouts.

This is the only place that turns the settings into SASL and TLS; what aiokafka is told of them stands in the published
client (contracts/client), so that both take the same options.
"""

import ssl
from typing import Any

from contracts.client.connection import Security
from infra.settings import Settings
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
    """SASL and TLS from the settings. Raises Unavailable when the configured certificates cannot be read."""
    password = settings.kafka_sasl_password
    encrypted = settings.kafka_security_protocol.endswith("SSL")
    return Security(
        protocol=settings.kafka_security_protocol,
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_sasl_username,
        password=password.get_secret_value() if password else None,
        ssl_context=tls_context(settings) if encrypted else None,
    )


def tls_context(settings: Settings) -> ssl.SSLContext:
    """A context that trusts the configured certificates, or else the system's. Raises Unavailable."""
    ca_file = settings.kafka_tls_ca_file
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:  # the file is missing, unreadable, or has no certificate in it
        explanation = f"the certificates of {ca_file} cannot be read: {error.strerror or error}"
        raise Unavailable("Kafka", explanation, "set ANNALS_KAFKA_TLS_CA_FILE right") from error
