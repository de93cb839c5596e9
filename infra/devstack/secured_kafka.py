"""The embedded Kafka as a cluster in production is set up: TLS, a login for each account, and an authorizer that denies
what no ACL allows (ANNALS_KAFKA_EMBEDDED_SECURED).

Accounts log in by SCRAM-SHA-512. The broker itself, and the probe that makes the users, log in by PLAIN as the owner,
whose password stands in the configuration: users that are kept in the metadata can be made only by who is logged in.
The owner alone is a super user. It works on a home that ran without all this before, and the other way round.
"""

import ssl
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from contracts.client.connection import Security
from infra.accounts import Account
from infra.devstack.certificates import AUTHORITY_FILE, SERVER_FILE, make_certificates
from infra.devstack.kafka import HERE, Kafka
from infra.devstack.kafka_accounts import password_of, passwords_of, rights_of_accounts, user_of
from infra.devstack.kafka_rights import put_rights, put_users
from infra.devstack.ports import Ports
from infra.devstack.server import PROBE_TIMEOUT_SECONDS
from infra.home import Home
from infra.settings import Settings

TLS_FOLDER = "tls"
MECHANISM = "SCRAM-SHA-512"

SECURED = """\
listener.security.protocol.map=CLIENTS:SASL_SSL,CONTROLLER:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.clients.plain.sasl.jaas.config={plain}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain}
ssl.enabled.protocols=TLSv1.3,TLSv1.2
ssl.keystore.type=PEM
ssl.keystore.location={server}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{owner}
"""
PLAIN = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'username="{owner}" password="{password}" user_{owner}="{password}";'
)


class SecuredKafka(Kafka):
    """The broker of one home, secured."""

    def __init__(self, home: Home, ports: Ports, *, settings: Settings, as_in_production: bool = False) -> None:
        """`settings`: of the installation whose topics the accounts may use."""
        super().__init__(home, ports, as_in_production=as_in_production)
        self._settings = settings

    @property
    def _authority(self) -> Path:
        return self._home.path / self.name / TLS_FOLDER / AUTHORITY_FILE

    def settings_for(self, account: Account) -> dict[str, str]:
        """The address, and the login of this account."""
        return {
            **super().settings_for(account),
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": MECHANISM,
            "kafka_sasl_username": user_of(account),
            "kafka_sasl_password": password_of(self._home, account),
            "kafka_tls_ca_file": str(self._authority),
        }

    def _security(self, folder: Path) -> str:
        make_certificates(self._home.folder(self.name, TLS_FOLDER))
        owner = user_of(Account.OWNER)
        return SECURED.format(
            plain=PLAIN.format(owner=owner, password=password_of(self._home, Account.OWNER)),
            server=HERE / TLS_FOLDER / SERVER_FILE,
            authority=HERE / TLS_FOLDER / AUTHORITY_FILE,
            owner=owner,
        )

    def _login(self) -> dict[str, Any]:
        return self._security_as("PLAIN").options()

    def _security_as(self, mechanism: Any) -> Security:
        return Security(
            protocol="SASL_SSL",
            mechanism=mechanism,
            username=user_of(Account.OWNER),
            password=password_of(self._home, Account.OWNER),
            ssl_context=ssl.create_default_context(cafile=str(self._authority)),
        )

    async def _provide_accounts(self, admin: AIOKafkaAdminClient) -> None:
        await put_users(admin, passwords_of(self._home))
        await put_rights(admin, rights_of_accounts(self._settings))
        # Users come into force a moment after they are made: only now may others learn where the broker is.
        user = AIOKafkaAdminClient(
            bootstrap_servers=self.address,
            request_timeout_ms=int(PROBE_TIMEOUT_SECONDS * 1000),
            **self._security_as(MECHANISM).options(),
        )
        try:
            await user.start()
        finally:
            await user.close()
