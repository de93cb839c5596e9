"""A system on a secured Kafka: each process has a login of its own, which may do what its role may and no more."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from infra.accounts import Account
from infra.devstack.kafka_rights import add_rights, put_rights, put_users
from infra.kafka.access import Acl
from infra.kafka.topics import administration
from infra.locating import LOGIN_FIELDS
from infra.settings import Settings
from tests.system import System
from tests.worker_process import Worker

KAFKA_FIELDS = ("kafka_bootstrap_servers", *LOGIN_FIELDS)

Logins = Mapping[Account, Mapping[str, Any]]


class SecuredSystem:
    """`owner`: the settings with the login of the broker's super user."""

    def __init__(self, system: System, owner: Settings, logins: Logins) -> None:
        self.owner = owner
        self.logins = logins
        self.system = system
        # The command line logs in as the operator.
        system.settings = system.settings.model_copy(update=dict(logins[Account.OPERATOR]))
        system.reconnect()

    def topic(self, name: str) -> str:
        return self.system.topic(name)

    def settings_of(self, account: Account) -> Settings:
        """The settings with the Kafka login of this account."""
        return self.owner.model_copy(update=dict(self.logins[account]))

    async def process(self, name: str, *entry: str, **settings: Any) -> Worker:
        """Start a worker of this role, or another process, with the login of its account."""
        return await self.system.worker(name, entry=entry, **{**self.logins[Account(name)], **settings})

    @asynccontextmanager
    async def user(self, name: str, acls: list[Acl]) -> AsyncIterator[Settings]:
        """The settings of a new user with these rights. They are taken away afterwards."""
        password = f"of-{name}"
        async with administration(self.owner) as admin:
            await put_users(admin, {name: password})
            await put_rights(admin, {name: acls})
        login = {"kafka_sasl_username": name, "kafka_sasl_password": SecretStr(password)}
        try:
            yield self.owner.model_copy(update=login)
        finally:
            await self.take(name)

    async def take(self, name: str) -> None:
        """Take all rights of a user away."""
        async with administration(self.owner) as admin:
            await put_rights(admin, {name: []})

    async def give(self, name: str, acls: list[Acl]) -> None:
        """Give a user these rights beside those that it has."""
        async with administration(self.owner) as admin:
            await add_rights(admin, name, acls)
