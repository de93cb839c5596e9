"""One secured Kafka for all tests here, beside the run's PostgreSQL and Redis: TLS, SCRAM, an authorizer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.accounts import Account
from infra.devstack.kafka_accounts import rights_of_accounts
from infra.devstack.kafka_rights import add_rights
from infra.devstack.stack import Devstack
from infra.kafka.topics import administration
from infra.locating import as_setting_values, located
from infra.settings import Settings
from tests.access.secured import KAFKA_FIELDS, Logins, SecuredSystem
from tests.servers import Servers, isolated_environment
from tests.system import running_system


@pytest_asyncio.fixture(scope="session")
async def secured_servers(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """The servers of the run, with a secured Kafka in place of the other; the settings have the owner's login."""
    home = tmp_path_factory.mktemp("secured")
    wanted = {"home": home, "kafka_bootstrap_servers": None, "kafka_embedded_secured": True}
    stack = Devstack(home, servers.settings.model_copy(update=wanted))
    addresses = await stack.start()
    settings = servers.settings.model_copy(update={"home": home, **as_setting_values(addresses.by_field())})
    yield Servers(settings, stack, "embedded")
    await stack.stop()


@pytest.fixture(scope="session")
def logins(secured_servers: Servers) -> Logins:
    """The settings by which each account logs in to Kafka, as the processes of this home find them."""
    others = as_setting_values({"database_url": "postgresql://127.0.0.1:1/none", "redis_url": "redis://127.0.0.1:1/0"})
    settings = Settings(home=secured_servers.settings.home)
    settings = settings.model_copy(update={**others, "kafka_bootstrap_servers": None})
    logins = {}
    for account in Account:
        own = located(settings, account=account)
        logins[account] = {name: getattr(own, name) for name in KAFKA_FIELDS}
    return logins


@pytest_asyncio.fixture(scope="module")
async def secured(
    secured_servers: Servers, logins: Logins, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SecuredSystem]:
    """A system without processes, whose accounts have the rights on its topics."""
    folder: Path = tmp_path_factory.mktemp("system")
    async with isolated_environment(secured_servers, folder) as settings, running_system(settings, folder) as system:
        async with administration(settings) as admin:
            for user, acls in rights_of_accounts(settings).items():
                await add_rights(admin, user, acls)
        yield SecuredSystem(system, settings, logins)
