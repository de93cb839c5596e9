"""The brokers refuse what no ACL allows, whoever the client is."""

from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError as DriverError
from confluent_kafka import Consumer, KafkaError, Producer
from pydantic import SecretStr

from contracts.topics import Topics
from infra.accounts import Account
from infra.devstack.kafka_rights import add_rights, put_rights
from infra.kafka.access import Acl, Installation, Kind, Operation, ResourceType, Role, acls_of, topics_of_kind
from infra.kafka.connection import client_options
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.topics import administration, create_topics, topics_of
from infra.kafka.window_builds import KafkaWindowBuilds
from infra.settings import Settings
from tests.access.secured import SecuredSystem
from tests.foreign_reader import foreign_options
from workers.domain import contexts
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord

OWN_KINDS = [kind for kind in Kind if kind is not Kind.KEPT]
MAY_WRITE: dict[Account, set[Kind]] = {
    Account.COMMAND: {Kind.COMMANDS, Kind.EVENTS, Kind.DEAD_LETTERS, Kind.REPLIES},
    Account.SAGA: {Kind.COMMANDS},
    Account.PROJECTION: set(),
    Account.ANALYTICS: {Kind.WINDOWS, Kind.CHANGELOG},
    Account.GATEWAY: {Kind.COMMANDS},
    Account.AUDIT: set(),
    Account.OPERATOR: {Kind.COMMANDS, Kind.EVENTS, Kind.CHANGELOG},
    Account.READER: set(),
    Account.OWNER: set(OWN_KINDS),
}


def written(settings: Settings, topics: list[str]) -> set[str]:
    """The topics that take a record of this user. Others are refused for want of a right, not otherwise."""
    producer = Producer({**foreign_options(settings), "message.timeout.ms": 20_000})
    taken, refusals = set(), set()

    def delivered(error: KafkaError | None, message: Any) -> None:
        if error is None:
            taken.add(message.topic())
        else:
            refusals.add(error.code())

    for topic in topics:
        producer.produce(topic, key=b"key", value=b"value", on_delivery=delivered)
    assert producer.flush(60) == 0
    assert refusals <= {KafkaError.TOPIC_AUTHORIZATION_FAILED}
    return taken


def topics_of_system(secured: SecuredSystem, kinds: set[Kind]) -> set[str]:
    names = Topics(secured.owner.topic_prefix)
    return {topic for kind in kinds for topic in topics_of_kind(kind, names, list(contexts()))}


@pytest.mark.parametrize("account", Account)
def test_a_login_writes_to_the_topics_of_its_role_alone(secured: SecuredSystem, account: Account) -> None:
    every_topic = sorted(topics_of_system(secured, set(OWN_KINDS)))
    taken = written(secured.settings_of(account), every_topic)
    assert taken == topics_of_system(secured, MAY_WRITE[account])


async def test_a_command_worker_may_empty_a_log_that_was_recreated(secured: SecuredSystem) -> None:
    topic = secured.topic("payments.events")
    log = KafkaEventLog(secured.settings_of(Account.COMMAND), signed_by=None)
    try:
        await log.append(topic, 0, [OutboundRecord(b"key", b"value", [("ce_sequence", b"7")])])
        await log.clear_recreated(topic, 0)
        assert (await log.tail(topic, 0, 0)).sequence == 0
    finally:
        await log.stop()


async def test_an_operator_has_windows_built_again_and_an_auditor_may_not(secured: SecuredSystem) -> None:
    builds = KafkaWindowBuilds(secured.settings_of(Account.OPERATOR))
    assert await builds.hosts() == []
    await builds.remove_positions(["orders"])
    others = KafkaWindowBuilds(secured.settings_of(Account.AUDIT))
    with pytest.raises(
        Unavailable, match=f"the right Describe on group {secured.topic('annals-analytics')} is missing"
    ):
        await others.hosts()
    with pytest.raises(Unavailable, match="the positions could not be removed"):
        await others.remove_positions(["orders"])


async def test_a_service_writes_the_commands_of_its_context_alone(secured: SecuredSystem) -> None:
    installation = Installation(Topics(secured.owner.topic_prefix), contexts())
    every_topic = sorted(topics_of_system(secured, set(OWN_KINDS)))
    acls = acls_of(Role.PRODUCER, installation, context="orders", user="shop")
    async with secured.user("shop", acls) as settings:
        assert written(settings, every_topic) == {secured.topic("orders.commands")}


async def test_rights_that_are_no_longer_given_are_taken_away(secured: SecuredSystem) -> None:
    installation = Installation(Topics(secured.owner.topic_prefix), contexts())
    former, present = (acls_of(Role.PRODUCER, installation, context=name, user="shop") for name in ("orders", "users"))
    topics = [secured.topic("orders.commands"), secured.topic("users.commands")]
    async with secured.user("former", former) as settings:
        assert written(settings, topics) == {secured.topic("orders.commands")}
        async with administration(secured.owner) as admin:
            await put_rights(admin, {"former": present})
        assert written(settings, topics) == {secured.topic("users.commands")}


async def test_without_an_authorizer_anybody_writes_the_log_and_replies(settings: Settings) -> None:
    """The control: what the tests above see refused, this broker takes."""
    await create_topics(settings, topics_of(list(contexts()), settings))
    topics = [f"{settings.topic_prefix}users.events", f"{settings.topic_prefix}replies"]
    assert written(settings, topics) == set(topics)


async def test_a_reader_of_events_is_in_groups_of_its_own_name_only(secured: SecuredSystem) -> None:
    installation = Installation(Topics(secured.owner.topic_prefix), contexts())
    acls = acls_of(Role.CONSUMER, installation, context="users", user="shop")
    async with secured.user("shop", acls) as settings:
        for group, is_allowed in {"shop-cards": True, "annals-projection-users": False, "shop": False}.items():
            assert joins(settings, secured.topic(group), secured.topic("users.events")) == is_allowed, group


def joins(settings: Settings, group: str, topic: str) -> bool:
    consumer = Consumer({**foreign_options(settings), "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        for _ in range(60):
            message = consumer.poll(1)
            if consumer.assignment():
                return True
            error = None if message is None else message.error()
            if error is not None:
                assert error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
                return False
    finally:
        consumer.close()
    raise AssertionError(f"{group} was neither joined nor refused")


@pytest.mark.parametrize(
    "changed",
    [
        {"kafka_sasl_password": SecretStr("wrong")},
        {"kafka_sasl_username": "nobody"},
        {"kafka_sasl_mechanism": "PLAIN"},
        {"kafka_security_protocol": "PLAINTEXT"},
        {"kafka_security_protocol": "SSL"},
        {"kafka_tls_ca_file": None},
    ],
    ids=["password", "user", "mechanism", "no TLS and no login", "no login", "another authority"],
)
async def test_nobody_gets_in_without_tls_and_the_password(secured: SecuredSystem, changed: dict[str, Any]) -> None:
    settings = secured.settings_of(Account.COMMAND).model_copy(update=changed)
    admin = AIOKafkaAdminClient(**client_options(settings) | {"request_timeout_ms": 3000})
    try:
        with pytest.raises(DriverError):
            await admin.start()
    finally:
        await admin.close()


@pytest.mark.parametrize("account", [Account.COMMAND, Account.OPERATOR])
async def test_nobody_changes_acls_but_the_owner(secured: SecuredSystem, account: Account) -> None:
    right = Acl(ResourceType.TOPIC, secured.topic("users.events"), (Operation.WRITE,))
    with pytest.raises(Unavailable, match="ClusterAuthorizationFailed"):
        async with administration(secured.settings_of(account)) as admin:
            await add_rights(admin, "annals-projection", [right])
