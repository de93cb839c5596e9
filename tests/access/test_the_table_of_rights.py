"""What the ACLs of an installation give, and what nobody is given."""

from collections import defaultdict
from collections.abc import Mapping

import pytest

from contracts.topics import Topics
from infra.kafka.access import (
    RIGHTS,
    SERVICES,
    Acl,
    GroupsOfAnnals,
    Installation,
    Kind,
    Operation,
    ResourceType,
    Role,
    acls_of,
    topics_of_kind,
)
from infra.kafka.topics import topics_of
from infra.settings import Settings
from workers.domain import contexts

PREFIX = "shop1."
INSTALLATION = Installation(Topics(PREFIX), contexts())
OWN = [role for role in Role if role not in SERVICES]
TOPICS = [topic.name for topic in topics_of(list(contexts()), Settings(topic_prefix=PREFIX))]
WRITERS = {
    Kind.COMMANDS: {Role.COMMAND, Role.SAGA, Role.GATEWAY, Role.OPERATOR, Role.PRODUCER},
    Kind.EVENTS: {Role.COMMAND, Role.OPERATOR},
    Kind.DEAD_LETTERS: {Role.COMMAND},
    Kind.REPLIES: {Role.COMMAND},
    Kind.WINDOWS: {Role.ANALYTICS},
    Kind.CHANGELOG: {Role.ANALYTICS, Role.OPERATOR},
    Kind.KEPT: {Role.OPERATOR},
}


def of_all_roles() -> Mapping[Role, list[Acl]]:
    """The ACLs of each role; those of services are for all contexts."""
    granted = {role: acls_of(role, INSTALLATION) for role in OWN}
    for role in SERVICES:
        granted[role] = [
            acl for context in contexts() for acl in acls_of(role, INSTALLATION, context=context, user="shop")
        ]
    return granted


def who_may(operation: Operation, name: str, resource: ResourceType = ResourceType.TOPIC) -> set[Role]:
    return {
        role
        for role, acls in of_all_roles().items()
        for acl in acls
        if (acl.resource, acl.name) == (resource, name) and operation in acl.operations
    }


@pytest.mark.parametrize("kind", Kind)
def test_nobody_writes_topics_of_a_kind_but(kind: Kind) -> None:
    for topic in topics_of_kind(kind, INSTALLATION.topics, list(contexts())):
        assert who_may(Operation.WRITE, topic) == WRITERS[kind]


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_a_writer_a_reader_and_who_creates_it(topic: str) -> None:
    assert who_may(Operation.WRITE, topic)
    assert who_may(Operation.READ, topic)
    assert who_may(Operation.CREATE, topic) == {Role.OPERATOR}


def test_no_right_is_on_a_topic_that_the_installation_does_not_have() -> None:
    kept = topics_of_kind(Kind.KEPT, INSTALLATION.topics, list(contexts()))
    for acls in of_all_roles().values():
        names = {acl.name for acl in acls if acl.resource is ResourceType.TOPIC}
        assert names <= {*TOPICS, *kept}
        assert not [acl for acl in acls if acl.is_prefix and acl.resource is not ResourceType.GROUP]


def test_each_group_has_one_role_and_bears_the_prefix() -> None:
    roles_of_groups: dict[str, set[Role]] = defaultdict(set)
    for role in OWN:
        for acl in acls_of(role, INSTALLATION):
            if acl.resource is ResourceType.GROUP:
                assert acl.operations == ((Operation.DESCRIBE,) if role is Role.OPERATOR else (Operation.READ,))
                roles_of_groups[acl.name].add(role)
    assert roles_of_groups == {
        f"{PREFIX}annals-command": {Role.COMMAND},
        f"{PREFIX}annals-saga": {Role.SAGA},
        f"{PREFIX}annals-analytics": {Role.ANALYTICS, Role.OPERATOR},
        **{
            f"{PREFIX}annals-projection-{name}": {Role.PROJECTION}
            for name in ("accounts", "orders", "stock", "users", "users-orders", "users-payments")
        },
    }


def test_a_service_is_confined_to_its_context_and_its_groups() -> None:
    assert acls_of(Role.PRODUCER, INSTALLATION, context="users", user="shop") == [
        Acl(ResourceType.TOPIC, f"{PREFIX}users.commands", (Operation.WRITE,)),
        Acl(ResourceType.TOPIC, f"{PREFIX}replies", (Operation.READ,)),
        Acl(ResourceType.CLUSTER, "kafka-cluster", (Operation.IDEMPOTENT_WRITE,)),
    ]
    assert acls_of(Role.CONSUMER, INSTALLATION, context="users", user="shop") == [
        Acl(ResourceType.TOPIC, f"{PREFIX}users.events", (Operation.READ,)),
        Acl(ResourceType.GROUP, f"{PREFIX}shop-", (Operation.READ,), is_prefix=True),
    ]


@pytest.mark.parametrize("user", ["annals", "annals-projection", "annals-projection-users"])
def test_a_service_may_not_have_a_name_with_which_our_own_groups_begin(user: str) -> None:
    with pytest.raises(GroupsOfAnnals, match=f"begin with {user}-"):
        acls_of(Role.CONSUMER, INSTALLATION, context="users", user=user)


def test_nobody_may_do_anything_with_the_cluster_but_number_its_records() -> None:
    on_cluster = [acl for acls in of_all_roles().values() for acl in acls if acl.resource is ResourceType.CLUSTER]
    assert {acl.operations for acl in on_cluster} == {(Operation.IDEMPOTENT_WRITE,)}


def test_who_only_looks_writes_nothing() -> None:
    changing = set(Operation) - {Operation.READ, Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS}
    for role in (Role.PROJECTION, Role.AUDIT, Role.CONSUMER):
        given = {operation for operations in RIGHTS[role].topics.values() for operation in operations}
        assert not given & changing
