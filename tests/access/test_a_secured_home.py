"""The embedded Kafka with ANNALS_KAFKA_EMBEDDED_SECURED: keys and passwords are private, each account has its own."""

import json
import os
import stat
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from cryptography import x509
from pydantic import SecretStr

from infra.accounts import Account
from infra.devstack.stack import Devstack
from infra.kafka.connection import client_options
from infra.kafka.topics import Topic, administration, create_topics
from infra.locating import as_setting_values, located
from infra.settings import Settings
from tests.access.secured import Logins
from tests.servers import Servers
from tests.warm.process import start


def test_its_secrets_are_files_that_nobody_else_reads(secured_servers: Servers, logins: Logins) -> None:
    home = secured_servers.settings.home
    private = [*(home / "secrets").glob("kafka-*"), *(home / "kafka" / "tls").iterdir()]
    private.append(home / "kafka" / "server.properties")
    assert len(private) == len(Account) + 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    passwords = {own["kafka_sasl_password"].get_secret_value() for own in logins.values()}
    assert len(passwords) == len(Account)
    certificates = x509.load_pem_x509_certificates((home / "kafka" / "tls" / "server.pem").read_bytes())
    authority = x509.load_pem_x509_certificate((home / "kafka" / "tls" / "authority.pem").read_bytes())
    certificates[0].verify_directly_issued_by(authority)


def test_no_secret_is_on_the_brokers_command_line(secured_servers: Servers) -> None:
    assert secured_servers.stack is not None
    pid = secured_servers.stack.processes["kafka"].pid
    line = Path(f"/proc/{pid}/cmdline").read_bytes() if Path("/proc").exists() else b""
    for path in (secured_servers.settings.home / "secrets").glob("kafka-*"):
        assert path.read_bytes() not in line


async def test_stack_env_prints_the_login_of_an_account(secured_servers: Servers, logins: Logins) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANNALS_")}
    environment["ANNALS_HOME"] = str(secured_servers.settings.home)
    process = await start("infra.cli.main", "stack", "env", "--account", "saga", "--json", env=environment)
    printed, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    login = logins[Account.SAGA]
    assert json.loads(printed) == {
        "ANNALS_KAFKA_BOOTSTRAP_SERVERS": login["kafka_bootstrap_servers"],
        "ANNALS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ANNALS_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "ANNALS_KAFKA_SASL_USERNAME": "annals-saga",
        "ANNALS_KAFKA_SASL_PASSWORD": login["kafka_sasl_password"].get_secret_value(),
        "ANNALS_KAFKA_TLS_CA_FILE": str(login["kafka_tls_ca_file"]),
    }


def test_a_kafka_of_ones_own_is_reached_without_the_embedded_ones_login(secured_servers: Servers) -> None:
    others = as_setting_values({"database_url": "postgresql://127.0.0.1:1/none", "redis_url": "redis://127.0.0.1:1/0"})
    own = Settings(home=secured_servers.settings.home, kafka_bootstrap_servers="kafka.example.org:9092")
    settings = located(own.model_copy(update=others), account=Account.SAGA)
    assert (settings.kafka_bootstrap_servers, settings.kafka_security_protocol) == (
        "kafka.example.org:9092",
        "PLAINTEXT",
    )
    assert settings.kafka_sasl_password is None


async def test_a_home_may_be_secured_later_and_opened_again(tmp_path: Path) -> None:
    """With the topics that it has."""
    opened = Settings(
        home=tmp_path / "home",
        kafka_bootstrap_servers=None,
        database_url=SecretStr("postgresql://127.0.0.1:1/none"),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
    )
    closed = opened.model_copy(update={"kafka_embedded_secured": True})
    topic = Topic("users.events", 1, {})

    stack = Devstack(opened.home, opened)
    await stack.start()
    assert (await create_topics(located(opened), [topic])).created == ["users.events"]
    await stack.stop()

    stack = Devstack(closed.home, closed)
    await stack.start()
    admin = AIOKafkaAdminClient(**client_options(located(closed)) | {"security_protocol": "PLAINTEXT"})
    with pytest.raises(KafkaError):
        await admin.start()
    await admin.close()
    async with administration(located(closed)) as admin:
        assert "users.events" in await admin.list_topics()
    await stack.stop()

    stack = Devstack(opened.home, opened)
    await stack.start()
    async with administration(located(opened)) as admin:
        assert "users.events" in await admin.list_topics()
    await stack.stop()
