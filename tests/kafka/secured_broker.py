"""A broker of the test's own that asks who connects: one listener for a certificate of the client's, one for a token.

It is the embedded broker with two listeners more. Tokens are JWTs that nobody has signed (RFC 7519, section 6), as
Kafka takes them for development. Only `WORKER` may do anything; the open listener is for the test itself.
"""

import base64
import json
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from infra.devstack.kafka import CONFIGURATION_FILE, Kafka
from infra.devstack.ports import Ports
from infra.devstack.progress import Progress, silent
from infra.devstack.server import LOOPBACK, ServerCommand
from infra.devstack.server_process import ServerProcess
from infra.home import Home
from tests import watchdog
from tests.certificates import Authority, Certificate
from tests.identity.issuer_server import IssuerServer, response

WORKER = "annals-worker"
STRANGER = "stranger"
TOKEN_PATH = "/token"
LISTENERS = {"certificates": "SSL", "tokens": "SASL_SSL"}

MORE = """\
listener.name.certificates.ssl.client.auth=required
listener.name.tokens.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.tokens.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
# A connection ends with the token that it was opened with.
listener.name.tokens.oauthbearer.connections.max.reauth.ms=3600000
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:CN={worker};User:{worker}
"""


class _AskingKafka(Kafka):
    """`files` are the server's certificate with its key, and the authority of clients."""

    def __init__(self, home: Home, ports: Ports, files: tuple[Path, Path]) -> None:
        super().__init__(home, ports)
        self._known_ports = ports
        self._files = files
        self._folder = home.folder("kafka")

    def prepare(self, progress: Progress, cancelled: threading.Event) -> ServerCommand:
        """Adds the listeners; of a property that is there twice the last one counts."""
        command = super().prepare(progress, cancelled)
        file = self._folder / CONFIGURATION_FILE
        text = file.read_text()
        given = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
        keystore, truststore = self._files
        listening = [f"{name.upper()}://{LOOPBACK}:{self._known_ports.remembered(name)}" for name in LISTENERS]
        protocols = [f"{name.upper()}:{protocol}" for name, protocol in LISTENERS.items()]
        added = {
            "listeners": listening,
            "advertised.listeners": listening,
            "listener.security.protocol.map": protocols,
        }
        lines = [f"{name}={','.join([given[name], *values])}" for name, values in added.items()]
        more = MORE.format(keystore=keystore, truststore=truststore, worker=WORKER)
        file.write_text("\n".join([text, *lines, more]))
        return command


class AskingBroker(NamedTuple):
    """A running one. `authority` signs what the broker shows and what it believes; `stranger` is another one."""

    open_address: str
    certificates_address: str
    tokens_address: str
    authority: Authority
    stranger: Authority
    worker: Certificate
    log_file: Path

    def by_certificate(self, certificate: Certificate | None, **changed: Any) -> dict[str, Any]:
        """Settings of a client with this certificate."""
        own = {}
        if certificate:
            own = {"kafka_tls_cert_file": certificate.cert_file, "kafka_tls_key_file": certificate.key_file}
        return {
            "kafka_bootstrap_servers": self.certificates_address,
            "kafka_security_protocol": "SSL",
            "kafka_tls_ca_file": self.authority.ca_file,
            **own,
            **changed,
        }

    def by_token(self, endpoint: IssuerServer, **changed: Any) -> dict[str, Any]:
        """Settings of a client with tokens of this endpoint."""
        return {
            "kafka_bootstrap_servers": self.tokens_address,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "OAUTHBEARER",
            "kafka_sasl_username": WORKER,
            "kafka_sasl_password": SecretStr("hidden"),
            "kafka_sasl_oauth_token_url": f"{endpoint.url}{TOKEN_PATH}",
            "kafka_tls_ca_file": self.authority.ca_file,
            **changed,
        }


@asynccontextmanager
async def asking_broker() -> AsyncIterator[AskingBroker]:
    """Runs one, which takes some ten seconds."""
    with tempfile.TemporaryDirectory(prefix=watchdog.folder_prefix()) as name:
        folder, home = Path(name), Home(Path(name) / "home")
        authority, stranger, ports = Authority(folder, "ours"), Authority(folder, "another"), Ports(home)
        for port in (*Kafka.ports, *LISTENERS):
            ports.claim(port)
        keystore = authority.issue("broker", LOOPBACK).both_file
        kafka = _AskingKafka(home, ports, (keystore, authority.ca_file))
        process = ServerProcess(kafka, home)
        await process.start(silent, threading.Event())
        try:
            yield AskingBroker(
                kafka.address,
                f"{LOOPBACK}:{ports.remembered('certificates')}",
                f"{LOOPBACK}:{ports.remembered('tokens')}",
                authority,
                stranger,
                authority.issue(WORKER),
                home.log_file(kafka.name),
            )
        finally:
            await process.stop()


def unsigned_token(subject: str = WORKER, *, lifetime_seconds: float = 300.0) -> str:
    """A JWT of no issuer."""
    claims = {"sub": subject, "iat": time.time() - 1, "exp": time.time() + lifetime_seconds}
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)
    )
    return ".".join((*parts, ""))


def issue_tokens(endpoint: IssuerServer, subject: str = WORKER, *, lifetime_seconds: float = 300.0) -> None:
    """Have the endpoint issue tokens that are new each time."""

    def issued() -> bytes:
        token = unsigned_token(subject, lifetime_seconds=lifetime_seconds)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": lifetime_seconds}
        return response(json.dumps(answer).encode())

    endpoint.made[TOKEN_PATH] = issued
