"""By which keys the senders of commands are recognized: the installation's own and those of services, as they are."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from contracts.envelope import CommandEnvelope
from contracts.identity import WHOSE_KEY_IT_IS, Identities, IdentityRefused, UnknownKey, service_key
from contracts.principal import Principal, saga_principal
from infra.postgres import identities
from infra.postgres.identities import PostgresIdentities
from infra.postgres.pool import Database
from infra.postgres.roles import COMMAND, GATEWAY, SAGA
from workers.ports.lanes import Unavailable

API_KEY = f"annals_{'0' * 16}_{'s' * 43}"
ENVELOPE = CommandEnvelope("id", "users.UpdateUser.v1", "/shop", "ada", "t", "c", "d")
ADA, SHOP = Principal("ada", frozenset({"users.read"})), Principal("service:shop", frozenset({"orders.write"}))


@pytest_asyncio.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url, role=COMMAND, connections=1)
    await opened.open()
    yield opened
    await opened.close()


async def add_service(onlooker: asyncpg.Connection, *, expires_in_seconds: float | None = None) -> None:
    key = service_key(API_KEY)
    await onlooker.execute(
        "INSERT INTO annals.api_keys (id, name, scopes, hash, expires_at) "
        "VALUES ($1, 'shop', '{orders.write}', $2, now() + make_interval(secs => $3))",
        key.id,
        key.secret,
        expires_in_seconds,
    )


def by_service() -> CommandEnvelope:
    return Identities([service_key(API_KEY)]).signed(WHOSE_KEY_IT_IS, ENVELOPE, b"{}")


@pytest.mark.parametrize("role", [GATEWAY, SAGA, COMMAND])
async def test_of_those_who_sign_are_recognized_by_a_command_worker(url: str, database: Database, role: str) -> None:
    signing = Database(url, role=role, connections=1)
    await signing.open()
    for principal in (ADA, saga_principal("welcome")):
        signed = (await PostgresIdentities(signing, knows_services=False).current()).signed(principal, ENVELOPE, b"{}")
        assert (await PostgresIdentities(database, knows_services=True).current()).principal(signed, b"{}") == principal
    await signing.close()


async def test_of_a_service_are_recognized_until_its_key_is_revoked_or_expires(
    database: Database, onlooker: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = PostgresIdentities(database, knows_services=True)
    before = await source.current()
    await add_service(onlooker)
    assert await source.current() is before
    with pytest.raises(UnknownKey):
        before.principal(by_service(), b"{}")
    assert (await source.renewed(before)).principal(by_service(), b"{}") == SHOP
    monkeypatch.setattr(identities, "MAX_AGE_SECONDS", 0.0)
    for change in ("revoked_at = now()", "revoked_at = NULL, expires_at = now() - interval '1 second'"):
        await onlooker.execute(f"UPDATE annals.api_keys SET {change}")  # noqa: S608
        with pytest.raises(UnknownKey):
            (await source.current()).principal(by_service(), b"{}")


async def test_of_a_service_sign_for_nobody_else(database: Database, onlooker: asyncpg.Connection) -> None:
    await add_service(onlooker)
    forged = Identities([service_key(API_KEY)]).signed(ADA, ENVELOPE, b"{}")
    with pytest.raises(IdentityRefused, match="proves that service"):
        (await PostgresIdentities(database, knows_services=True).current()).principal(forged, b"{}")


async def test_many_lanes_that_ask_again_are_one_question(database: Database) -> None:
    source = PostgresIdentities(database, knows_services=True)
    first = await source.current()
    second = await source.renewed(first)
    assert await source.renewed(first) is second


async def test_are_kept_while_the_database_is_away(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(url, role=COMMAND, connections=1)
    await database.open()
    source = PostgresIdentities(database, knows_services=True)
    before = await source.current()
    await database.close()
    monkeypatch.setattr(identities, "MAX_AGE_SECONDS", 0.0)
    assert await source.current() is before
    with pytest.raises(Unavailable):
        await PostgresIdentities(database, knows_services=True).current()
