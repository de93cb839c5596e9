"""Logins of the server that have one role each, as an operator makes them."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from infra.accounts import Account
from infra.settings import Settings


def as_login(url: str, name: str, password: str) -> str:
    """The URL for another login."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}"))


@asynccontextmanager
async def login(onlooker: Any, url: str, options: str = "") -> AsyncIterator[str]:
    """The URL of a new login, made with these options (such as `IN ROLE annals_command`). It is dropped afterwards."""
    name, password = f"login_{secrets.token_hex(4)}", secrets.token_hex(8)
    await onlooker.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {options}")
    try:
        yield as_login(url, name, password)
    finally:
        await onlooker.execute(f"DROP OWNED BY {name}")
        await onlooker.execute(f"DROP ROLE {name}")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A plain connection."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


Logins = Mapping[str, tuple[str, str]]
"""Name and password by account."""


@asynccontextmanager
async def logins_of_all_accounts(database: asyncpg.Pool) -> AsyncIterator[Logins]:
    """A login for each kind of process, with the rights of that process and no other. All are dropped afterwards."""
    password = secrets.token_hex(8)
    names = {account: f"login_{secrets.token_hex(4)}" for account in Account if account is not Account.OWNER}
    for account, name in names.items():
        role = "annals_audit" if account is Account.OPERATOR else f"annals_{account}"
        await database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE {role}")
    try:
        yield {account.value: (name, password) for account, name in names.items()}
    finally:
        await database.execute(f"DROP ROLE {', '.join(names.values())}")


def as_account(logins: Logins, account: str, settings: Settings) -> Settings:
    """The settings with the login of this account, if there is one."""
    if account not in logins or settings.database_url is None:
        return settings
    url = as_login(settings.database_url.get_secret_value(), *logins[account])
    return settings.model_copy(update={"database_url": SecretStr(url)})
