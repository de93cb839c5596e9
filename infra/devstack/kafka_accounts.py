"""The users of the embedded Kafka when it is secured: one for each account, with the rights of its role (access.py)."""

from collections.abc import Mapping, Sequence

from contracts.topics import Topics
from infra.accounts import Account
from infra.contexts import chosen_contexts
from infra.home import Home
from infra.kafka.access import Acl, Installation, Role, acls_of
from infra.kafka.grants import DEFAULT_USER_PREFIX
from infra.settings import Settings


def user_of(account: Account) -> str:
    """The name of an account's user."""
    return f"{DEFAULT_USER_PREFIX}{account}"


def password_of(home: Home, account: Account) -> str:
    """The password of an account's user, made on the first call."""
    return home.secret(f"kafka-{account}")


def passwords_of(home: Home) -> dict[str, str]:
    """The passwords of all users by name."""
    return {user_of(account): password_of(home, account) for account in Account}


def rights_of_accounts(settings: Settings) -> Mapping[str, Sequence[Acl]]:
    """The ACLs of each user by name. The owner needs none: it is the broker's super user."""
    installation = Installation(Topics(settings.topic_prefix), chosen_contexts(settings))
    return {user_of(account): _rights_of(account, installation) for account in Account if account is not Account.OWNER}


def _rights_of(account: Account, installation: Installation) -> list[Acl]:
    if account is not Account.READER:
        return acls_of(Role(account.value), installation)
    rights = [
        acl
        for context in installation.contexts
        for acl in acls_of(Role.CONSUMER, installation, context=context, user=user_of(account))
    ]
    return list(dict.fromkeys(rights))
