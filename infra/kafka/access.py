"""Who may do what on Kafka: one table, from which `annals topics acls` prints the ACLs of a cluster, and by which the
embedded broker is secured. Pure: nothing here speaks to a broker.

A right on a topic to read, write, delete or change it includes the right to see it (Describe), as Kafka has it. What no
line gives is denied. Only command workers, and the operator who repairs the log, may write events; only command workers
may write replies. Nobody but an administrator may change ACLs, users or brokers.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from contracts.topics import Topics
from infra.kafka.groups import ANALYTICS_GROUP, COMMAND_GROUP, SAGA_GROUP, projection_groups
from workers.core.context import Context
from workers.ports.topic_recreation import KEPT_SUFFIX

CLUSTER_NAME = "kafka-cluster"
"""How Kafka names the one resource of the type cluster."""


class Operation(StrEnum):
    """Kafka's operations, as its tools spell them."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    DELETE = "Delete"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"
    IDEMPOTENT_WRITE = "IdempotentWrite"


class ResourceType(StrEnum):
    """What a right is on, as Kafka's tools spell it."""

    TOPIC = "topic"
    GROUP = "group"
    CLUSTER = "cluster"


class Kind(StrEnum):
    """The kinds of topics."""

    COMMANDS = "commands"
    EVENTS = "events"
    DEAD_LETTERS = "dead letters"
    REPLIES = "replies"
    WINDOWS = "windows of analytics"
    CHANGELOG = "changelog of analytics"
    KEPT = "commands that are kept while their topic is recreated"


class Role(StrEnum):
    """The roles of Annals's processes, and of other services. `operator` is the command line; `producer` and `consumer`
    are other services, which send commands to one context or read its events.
    """

    COMMAND = "command"
    SAGA = "saga"
    PROJECTION = "projection"
    ANALYTICS = "analytics"
    GATEWAY = "gateway"
    AUDIT = "audit"
    OPERATOR = "operator"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Rights(NamedTuple):
    """What a role may do with the topics of each kind."""

    topics: Mapping[Kind, tuple[Operation, ...]]
    is_idempotent: bool = False
    """Whether its producer numbers its records, which brokers before Kafka 3.0 allow by a right of its own."""


_READ, _WRITE = (Operation.READ,), (Operation.WRITE,)
_LOOKED_AT = (Operation.READ, Operation.DESCRIBE_CONFIGS)
_ADMINISTERED = (
    *(Operation.READ, Operation.CREATE, Operation.DELETE),
    *(Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS),
)

RIGHTS: Mapping[Role, Rights] = {
    # It sends a command that is in a wrong partition to the right one, and empties a log that was recreated and holds
    # records out of order, before it fills it from the table (Delete).
    Role.COMMAND: Rights(
        {
            Kind.COMMANDS: (Operation.READ, Operation.WRITE),
            Kind.EVENTS: (Operation.READ, Operation.WRITE, Operation.DELETE),
            Kind.DEAD_LETTERS: _WRITE,
            Kind.REPLIES: _WRITE,
        },
        is_idempotent=True,
    ),
    Role.SAGA: Rights({Kind.COMMANDS: _WRITE, Kind.EVENTS: _READ}, is_idempotent=True),
    Role.PROJECTION: Rights({Kind.EVENTS: _READ}),
    Role.ANALYTICS: Rights(
        {Kind.EVENTS: _READ, Kind.WINDOWS: _WRITE, Kind.CHANGELOG: (Operation.READ, Operation.WRITE)},
        is_idempotent=True,
    ),
    Role.GATEWAY: Rights({Kind.COMMANDS: _WRITE, Kind.REPLIES: _READ, Kind.WINDOWS: _READ}),
    Role.AUDIT: Rights(
        {
            Kind.COMMANDS: _LOOKED_AT,
            Kind.EVENTS: _LOOKED_AT,
            Kind.DEAD_LETTERS: _LOOKED_AT,
            Kind.REPLIES: (Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS),
            Kind.WINDOWS: _LOOKED_AT,
            Kind.CHANGELOG: (Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS),
        }
    ),
    # Sends commands, repairs the log, retries dead letters, creates and recreates topics.
    Role.OPERATOR: Rights(
        {
            Kind.COMMANDS: (*_ADMINISTERED, Operation.WRITE),
            Kind.EVENTS: (*_ADMINISTERED, Operation.WRITE),
            Kind.DEAD_LETTERS: (Operation.READ, Operation.CREATE, Operation.DESCRIBE_CONFIGS, Operation.ALTER_CONFIGS),
            Kind.REPLIES: _ADMINISTERED,
            Kind.WINDOWS: _ADMINISTERED,
            Kind.CHANGELOG: (*_ADMINISTERED, Operation.WRITE),
            Kind.KEPT: (*_ADMINISTERED, Operation.WRITE),
        },
        is_idempotent=True,
    ),
    Role.PRODUCER: Rights({Kind.COMMANDS: _WRITE, Kind.REPLIES: _READ}, is_idempotent=True),
    Role.CONSUMER: Rights({Kind.EVENTS: _READ}),
}
"""The table."""

SERVICES = (Role.PRODUCER, Role.CONSUMER)
"""The roles of other services: each is for one context."""


class Acl(NamedTuple):
    """What one user may do with one resource, from any host. `is_prefix`: with all whose name begins so."""

    resource: ResourceType
    name: str
    operations: tuple[Operation, ...]
    is_prefix: bool = False


class Installation(NamedTuple):
    """What the rights are on: the names of topics, and the contexts."""

    topics: Topics
    contexts: Mapping[str, Context]

    @property
    def followed(self) -> Mapping[Role, Sequence[str]]:
        """The contexts whose events are read by those who read not all of them."""
        declared = self.contexts.values()
        return {
            Role.SAGA: sorted({name for context in declared for saga in context.sagas for name in saga.contexts}),
            Role.PROJECTION: sorted(
                {name for context in declared for projection in context.projections for _, name in projection.fed_by()}
            ),
            Role.ANALYTICS: sorted(context.name for context in declared if context.analytics.series),
        }

    def groups(self, role: Role) -> list[str]:
        """The consumer groups of a role's processes. The gateway and the command line are in none."""
        match role:
            case Role.COMMAND:
                names = [COMMAND_GROUP]
            case Role.SAGA:
                names = [SAGA_GROUP]
            case Role.ANALYTICS:
                names = [ANALYTICS_GROUP]
            case Role.PROJECTION:
                names = [
                    group for context in self.contexts.values() for group in projection_groups(context.projections)
                ]
            case _:
                names = []
        return [f"{self.topics.prefix}{name}" for name in names]


def acls_of(role: Role, installation: Installation, *, context: str = "", user: str = "") -> list[Acl]:
    """All that a role may do. `context` and `user` are for the roles of other services: the one context, and the name
    with which the names of their consumer groups begin (`<user>-`).
    """
    acls = list(_on_topics(role, installation, [context] if role in SERVICES else list(installation.contexts)))
    acls += [Acl(ResourceType.GROUP, group, _READ) for group in installation.groups(role)]
    if role is Role.OPERATOR:
        # `annals analytics rebuild` looks whether analytics workers run.
        groups = installation.groups(Role.ANALYTICS)
        acls += [Acl(ResourceType.GROUP, group, (Operation.DESCRIBE,)) for group in groups]
    if role is Role.CONSUMER:
        acls.append(Acl(ResourceType.GROUP, group_prefix(user, installation), _READ, is_prefix=True))
    if RIGHTS[role].is_idempotent:
        acls.append(Acl(ResourceType.CLUSTER, CLUSTER_NAME, (Operation.IDEMPOTENT_WRITE,)))
    return acls


def _on_topics(role: Role, installation: Installation, contexts: Sequence[str]) -> Iterator[Acl]:
    for kind, operations in RIGHTS[role].topics.items():
        whose = installation.followed.get(role, contexts) if kind is Kind.EVENTS else contexts
        for name in topics_of_kind(kind, installation.topics, whose):
            yield Acl(ResourceType.TOPIC, name, operations)


def topics_of_kind(kind: Kind, topics: Topics, contexts: Sequence[str]) -> list[str]:
    """The names of the topics of this kind that these contexts have."""
    match kind:
        case Kind.COMMANDS:
            return [topics.commands(name) for name in contexts]
        case Kind.EVENTS:
            return [topics.events(name) for name in contexts]
        case Kind.DEAD_LETTERS:
            return [topics.dead_letters(topics.commands(name)) for name in contexts]
        case Kind.REPLIES:
            return [topics.replies]
        case Kind.WINDOWS:
            return [topics.analytics_windows]
        case Kind.CHANGELOG:
            return [topics.analytics_changelog]
        case Kind.KEPT:
            return [topics.commands(name) + KEPT_SUFFIX for name in contexts]


class GroupsOfAnnals(Exception):
    """A service's user has a name with which Annals's own consumer groups begin: it could take their partitions."""

    def __init__(self, user: str, group: str) -> None:
        super().__init__(
            f"the groups of the user {user} would be those that begin with {user}-, and Annals's own group {group} "
            "does; give the service another name"
        )
        self.user = user
        self.group = group


def group_prefix(user: str, installation: Installation) -> str:
    """With what the names of a service's consumer groups begin. Raises GroupsOfAnnals."""
    prefix = f"{installation.topics.prefix}{user}-"
    for role in Role:
        for group in installation.groups(role):
            if group.startswith(prefix):
                raise GroupsOfAnnals(user, group)
    return prefix
