"""The logins of the embedded PostgreSQL: one for each account but the owner, who is the superuser."""

from infra.accounts import Account
from infra.home import Home
from infra.postgres.logins import Login
from infra.postgres.roles import API_KEYS, AUDIT, GATEWAY


def login_of(account: Account) -> str:
    """The name of an account's login. The login has the role of the account (infra/postgres/roles.py), an operator's
    that of the audit; the gateway's also that which checks the keys of services.
    """
    return f"annals_{account}_login"


def password_of(home: Home, account: Account) -> str:
    """The password of an account's login, made on the first call."""
    return home.secret(f"postgres-{account}")


def logins_of(home: Home) -> dict[str, Login]:
    """All logins by name."""
    accounts = [account for account in Account if account is not Account.OWNER]
    return {login_of(account): Login(_roles_of(account), password_of(home, account)) for account in accounts}


def _roles_of(account: Account) -> tuple[str, ...]:
    match account:
        case Account.GATEWAY:
            return GATEWAY, API_KEYS
        case Account.OPERATOR:
            return (AUDIT,)
        case _:
            return (f"annals_{account}",)
