"""Which user has which role, and so which ACLs: from the table (access.py) to what a cluster is given. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from infra.kafka.access import SERVICES, Acl, Installation, Role, acls_of
from workers.core.context import Context

USER = "User:"
DEFAULT_USER_PREFIX = "annals-"


class PrincipalRefused(Exception):
    """What was given as `role=User:name` names no role, or no user."""

    def __init__(self, given: str, reason: str) -> None:
        super().__init__(f"{given}: {reason}")
        self.given = given


class Principal(NamedTuple):
    """A user, and what it is. `context` is that of a service's role, else empty. `name` is without `User:`."""

    role: Role
    context: str
    name: str

    @property
    def title(self) -> str:
        """The role as it is given: `command`, `producer.users`."""
        return f"{self.role}.{self.context}" if self.context else self.role.value


class Grant(NamedTuple):
    """All that one user may do in one role."""

    principal: Principal
    acls: Sequence[Acl]


def user_of(role: Role) -> str:
    """The name of the user of one of Annals's own roles, unless told otherwise."""
    return f"{DEFAULT_USER_PREFIX}{role}"


def principals(named: Sequence[str], contexts: Mapping[str, Context]) -> list[Principal]:
    """A user for each of Annals's own roles, called `annals-<role>` unless `named` says otherwise, and those of other
    services that `named` has. `named`: texts such as `command=User:shop` and `producer.users=User:shop`; a role may
    have several users. Raises PrincipalRefused.
    """
    given = [_principal(text, contexts) for text in named]
    with_users = {principal.role for principal in given}
    own = [Principal(role, "", user_of(role)) for role in Role if role not in SERVICES and role not in with_users]
    order = list(Role)
    return sorted([*own, *given], key=lambda principal: order.index(principal.role))


def _principal(text: str, contexts: Mapping[str, Context]) -> Principal:
    title, _, user = text.partition("=")
    name = user.removeprefix(USER)
    if not name or any(not letter.isprintable() for letter in name):
        raise PrincipalRefused(text, "the form is role=User:name, as in command=User:shop-command")
    if name == "*":
        raise PrincipalRefused(text, "Kafka takes * for everybody; name one user")
    role, _, context = title.partition(".")
    own = [role.value for role in Role if role not in SERVICES]
    services = [f"{role}.{context}" for role in SERVICES for context in contexts]
    if title not in (*own, *services):
        raise PrincipalRefused(text, f"there is no role {title or '(none)'}; these are: {', '.join([*own, *services])}")
    return Principal(Role(role), context, name)


def grants(all_principals: Sequence[Principal], installation: Installation) -> Iterator[Grant]:
    """What each of them is given. Raises GroupsOfAnnals."""
    for principal in all_principals:
        yield Grant(principal, acls_of(principal.role, installation, context=principal.context, user=principal.name))
