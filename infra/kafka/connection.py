"""How every client of this room reaches the brokers: addresses, security, deadlines."""

import ssl
from typing import Any

from infra.settings import Settings
from workers.ports.lanes import Unavailable

REQUEST_TIMEOUT_SECONDS = 10.0
MAX_REQUEST_BYTES = 20 * 1_048_576


def client_options(settings: Settings) -> dict[str, Any]:
    """The options that aiokafka's producers, consumers and admin clients share. Needs located settings."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "client_id": "annals",
        "request_timeout_ms": int(REQUEST_TIMEOUT_SECONDS * 1000),
        "retry_backoff_ms": 100,
        "metadata_max_age_ms": 10_000,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(settings)
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Trusts the configured certificates, or the system's. Raises Unavailable."""
    ca_file = settings.kafka_tls_ca_file
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:  # no such file, not readable, no certificate in it
        explanation = f"the certificates of {ca_file} cannot be read: {error.strerror or error}"
        raise Unavailable("Kafka", explanation, "set ANNALS_KAFKA_TLS_CA_FILE right") from error
