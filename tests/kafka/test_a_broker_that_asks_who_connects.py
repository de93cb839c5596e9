"""Clients log in by a certificate of their own or by a token; who does not is refused, and is told why."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.conn import AIOKafkaConnection, OAuthAuthenticator
from pydantic import SecretStr

from contracts.client.command_client import CommandClient
from contracts.client.connection import Security
from contracts.client.event_reader import EventReader
from contracts.users.commands import CreateUser
from infra.identity import token_cache
from infra.kafka.connection import security_of
from infra.kafka.message_sender import KafkaMessageSender
from infra.kafka.topics import Topic, administration, create_topics
from infra.settings import Settings
from tests.cli.conftest import run_annals
from tests.identity.issuer_server import IssuerServer, issuer_server, response
from tests.kafka.records import PARTITIONS, read
from tests.kafka.secured_broker import STRANGER, TOKEN_PATH, AskingBroker, asking_broker, issue_tokens, unsigned_token
from tests.servers import Servers, isolated_environment
from tests.system import System, running_system
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord

LOGINS = ("certificate", "certificate and key in one file", "encrypted key", "token")


@pytest_asyncio.fixture(scope="module")
async def broker() -> AsyncIterator[AskingBroker]:
    async with asking_broker() as running:
        yield running


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[IssuerServer]:
    """Where tokens are issued."""
    async with issuer_server() as server:
        issue_tokens(server)
        yield server


@pytest.fixture
def plain(broker: AskingBroker, tmp_path: Path) -> Settings:
    """Settings on the listener that asks nobody."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    return Settings(home=tmp_path, topic_prefix=prefix, kafka_bootstrap_servers=broker.open_address)


def login(how: str, broker: AskingBroker, endpoint: IssuerServer) -> dict[str, Any]:
    """Settings of a client that logs in like this."""
    worker = broker.worker
    if how == "token":
        return broker.by_token(endpoint)
    if how == "encrypted key":
        encrypted = broker.authority.issue("annals-worker", key_password="hidden")
        return broker.by_certificate(encrypted, kafka_tls_key_password=SecretStr("hidden"))
    if how == "certificate and key in one file":
        return broker.by_certificate(None, kafka_tls_cert_file=worker.both_file)
    return broker.by_certificate(worker)


@pytest.mark.parametrize("how", LOGINS)
async def test_whoever_can_log_in_makes_topics_and_sends(
    how: str, broker: AskingBroker, endpoint: IssuerServer, plain: Settings
) -> None:
    settings, topic = plain.model_copy(update=login(how, broker, endpoint)), f"{plain.topic_prefix}things"
    assert (await create_topics(settings, [Topic(topic, PARTITIONS, {})])).created == [topic]
    sender = KafkaMessageSender(settings)
    await sender.send([(topic, 1, OutboundRecord(b"key", b"arrives", []))])
    await sender.stop()
    assert [record.value for record in (await read(plain, topic))[1]] == [b"arrives"]


@pytest_asyncio.fixture
async def system(servers: Servers, broker: AskingBroker, tmp_path: Path) -> AsyncIterator[System]:
    """Topics and tables; what the test itself does, goes by the open listener."""
    async with isolated_environment(servers, tmp_path / "home") as own:
        changed = own.model_copy(update={"kafka_bootstrap_servers": broker.open_address, "partitions": 2})
        async with running_system(changed, tmp_path) as running:
            yield running


@pytest.mark.parametrize("how", ["certificate", "token"])
async def test_workers_the_command_line_and_the_published_client(
    how: str, broker: AskingBroker, endpoint: IssuerServer, system: System
) -> None:
    given = login(how, broker, endpoint)
    worker = await system.worker("command", **given)
    await system.holding(worker, 2)
    # A worker has many clients, and asks for one token.
    assert endpoint.asked == ([TOKEN_PATH] if how == "token" else [])
    settings = system.settings.model_copy(update=given)
    fields = ("user_id=ada", "first_name=Ada", "last_name=Lovelace", "email=ada@example.org")
    sent = await run_annals(settings, "send", "users.CreateUser", *fields, "--json")
    assert sent.code == 0, sent.errors
    assert json.loads(sent.output)["status"] == "accepted"
    security = security_of(settings)
    mary = CreateUser(user_id="mary", first_name="Mary", last_name="Jackson", email="mary@example.org")
    address, prefix = str(settings.kafka_bootstrap_servers), settings.topic_prefix
    async with CommandClient(address, source="/shop", security=security, topic_prefix=prefix) as client:
        outcome = await client.ask(mary, wait_seconds=30)
    assert outcome is not None
    assert outcome.status == "accepted"
    read_of: set[str] = set()
    async with asyncio.timeout(30):
        async for event in EventReader(address, context="users", security=security, topic_prefix=prefix):
            read_of.add(event.envelope.subject)
            if read_of == {"ada", "mary"}:
                break
    shown = worker.log_file.read_text() + sent.output + sent.errors
    assert "hidden" not in shown


async def test_the_published_client_takes_tokens_of_the_callers(broker: AskingBroker, plain: Settings) -> None:
    topic = Topic(f"{plain.topic_prefix}users.commands", 1, {})
    await create_topics(plain, [topic, Topic(f"{plain.topic_prefix}replies", 1, {})])
    asked = []

    async def token() -> str:
        asked.append(1)
        return unsigned_token()

    over_tls = security_of(plain.model_copy(update=broker.by_certificate(None)))
    security = Security("SASL_SSL", "OAUTHBEARER", ssl_context=over_tls.ssl_context, token_provider=token)
    mary = CreateUser(user_id="mary", first_name="Mary", last_name="Jackson", email="mary@example.org")
    prefix = plain.topic_prefix
    async with CommandClient(broker.tokens_address, source="/shop", security=security, topic_prefix=prefix) as client:
        assert await client.send(mary)
    assert asked


async def test_a_client_outlasts_its_tokens(broker: AskingBroker, endpoint: IssuerServer, plain: Settings) -> None:
    """The broker ends a connection with the token that it was opened with."""
    issue_tokens(endpoint, lifetime_seconds=2.0)
    topic = f"{plain.topic_prefix}things"
    await create_topics(plain, [Topic(topic, PARTITIONS, {})])
    sender, sent = KafkaMessageSender(plain.model_copy(update=login("token", broker, endpoint))), 0
    while endpoint.times_asked(TOKEN_PATH) < 4:
        await sender.send([(topic, 0, OutboundRecord(b"key", b"%d" % sent, []))])
        sent += 1
    await sender.stop()
    assert [record.value for record in (await read(plain, topic))[0]] == [b"%d" % number for number in range(sent)]


async def why_not(plain: Settings, given: dict[str, Any]) -> str:
    with pytest.raises(Unavailable) as caught:
        async with administration(plain.model_copy(update=given)) as admin:
            await admin.list_topics()
    assert "hidden" not in str(caught.value)
    return str(caught.value)


async def test_without_a_certificate_or_with_that_of_another_authority(broker: AskingBroker, plain: Settings) -> None:
    assert "certificate required" in await why_not(plain, broker.by_certificate(None))
    unknown = broker.by_certificate(broker.stranger.issue("annals-worker"))
    assert "certificate unknown" in await why_not(plain, unknown)


async def test_a_broker_of_another_authority_is_not_trusted(broker: AskingBroker, plain: Settings) -> None:
    given = broker.by_certificate(broker.worker, kafka_tls_ca_file=broker.stranger.ca_file)
    assert "certificate verify failed" in await why_not(plain, given)


async def test_a_broker_of_another_name_is_not_trusted(broker: AskingBroker, plain: Settings) -> None:
    port = broker.certificates_address.partition(":")[2]
    given = broker.by_certificate(broker.worker, kafka_bootstrap_servers=f"localhost:{port}")
    assert "Hostname mismatch" in await why_not(plain, given)


@pytest.mark.usefixtures("short_timeout")
async def test_tls_on_one_side_only(broker: AskingBroker, plain: Settings) -> None:
    assert "login and certificates are right" in await why_not(
        plain, {"kafka_bootstrap_servers": broker.certificates_address}
    )
    given = broker.by_certificate(broker.worker, kafka_bootstrap_servers=broker.open_address)
    assert "login and certificates are right" in await why_not(plain, given)


def refuse_tokens(endpoint: IssuerServer) -> None:
    """Have the endpoint issue tokens that the broker refuses."""
    old = {"access_token": unsigned_token(lifetime_seconds=-60.0), "expires_in": 300}
    endpoint.made.clear()
    endpoint.answers[TOKEN_PATH] = response(json.dumps(old).encode())


async def test_a_token_that_the_broker_refuses(broker: AskingBroker, endpoint: IssuerServer, plain: Settings) -> None:
    refuse_tokens(endpoint)
    assert "invalid_token" in await why_not(plain, broker.by_token(endpoint))


async def test_a_token_that_is_refused_is_replaced_before_it_expires(
    broker: AskingBroker, endpoint: IssuerServer, plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_cache, "REFUSED_SECONDS", 0.0)
    refuse_tokens(endpoint)
    given = broker.by_token(endpoint)
    await why_not(plain, given)
    issue_tokens(endpoint)
    async with administration(plain.model_copy(update=given)) as admin:
        assert await admin.list_topics()


async def test_the_control_aiokafka_alone_does_not_tell_of_a_refused_token(
    broker: AskingBroker, endpoint: IssuerServer, plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        AIOKafkaConnection,
        "authenticator_oauth",
        lambda connection: OAuthAuthenticator(sasl_oauth_token_provider=connection._sasl_oauth_token_provider),
    )
    refuse_tokens(endpoint)
    assert "invalid_token" not in await why_not(plain, broker.by_token(endpoint))


async def test_no_token_is_issued(broker: AskingBroker, endpoint: IssuerServer, plain: Settings) -> None:
    endpoint.made.clear()
    endpoint.answers[TOKEN_PATH] = response(b'{"error": "invalid_client"}', "401 Unauthorized")
    said = await why_not(plain, broker.by_token(endpoint))
    assert f"no token to log in with: {endpoint.url}{TOKEN_PATH}: it refuses: invalid_client" in said
    await endpoint.end()
    said = await why_not(plain, broker.by_token(endpoint, kafka_sasl_username="another"))
    assert f"{endpoint.url}{TOKEN_PATH}: it cannot be reached" in said


@pytest.mark.parametrize("how", ["certificate", "token"])
async def test_the_broker_knows_who_it_is(
    how: str, broker: AskingBroker, endpoint: IssuerServer, plain: Settings
) -> None:
    """The control: somebody else who can log in may do nothing."""
    issue_tokens(endpoint, STRANGER)
    stranger = broker.by_certificate(broker.authority.issue(STRANGER)) if how == "certificate" else None
    settings = plain.model_copy(update=stranger or broker.by_token(endpoint))
    with pytest.raises(Unavailable, match=r"the right Create on topic .* is missing"):
        await create_topics(settings, [Topic(f"{plain.topic_prefix}things", PARTITIONS, {})])
