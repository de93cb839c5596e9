"""What checks the keys of services is a right of its own, which the login of a gateway needs beside its role."""

from typing import Any

import asyncpg
import pytest

from infra.postgres.api_keys import PostgresApiKeyRegister, PostgresApiKeys
from infra.postgres.faults import RoleNotGranted
from infra.postgres.pool import Database
from infra.postgres.roles import API_KEYS, AUDIT
from tests.logins import connected, login
from workers.ports.api_keys import NewApiKey

KEY = NewApiKey("0123456789abcdef", "shop", (), bytes(32))


async def test_without_it_the_gateway_says_which_role_is_missing(url: str, onlooker: Any) -> None:
    async with login(onlooker, url, "IN ROLE annals_gateway") as own:
        with pytest.raises(RoleNotGranted, match=API_KEYS) as caught:
            await Database(own, role=API_KEYS, connections=1).open()
        assert "GRANT" in caught.value.advice


async def test_with_it_the_gateway_finds_a_key_and_notes_its_use(url: str, onlooker: Any) -> None:
    operating = Database(url, role=AUDIT, connections=1)
    await operating.open()
    await PostgresApiKeyRegister(operating).create(KEY)
    async with login(onlooker, url, "IN ROLE annals_gateway, annals_api_keys") as own:
        database = Database(own, role=API_KEYS, connections=1)
        await database.open()
        keys = PostgresApiKeys(database)
        stored = await keys.api_key(KEY.id)
        assert stored is not None
        assert stored.hash == KEY.hash
        await keys.note_used([KEY.id])
        await database.close()
    assert (await PostgresApiKeyRegister(operating).listed(1))[0].last_used_at is not None
    await operating.close()


@pytest.mark.parametrize("role", ["annals_reader", "annals_gateway", "annals_projection", "annals_saga"])
async def test_whoever_signs_or_checks_no_commands_sees_no_hash(url: str, onlooker: Any, role: str) -> None:
    async with login(onlooker, url, f"IN ROLE {role}") as own, connected(own) as connection:
        for statement in (
            "SELECT hash FROM annals.api_keys",
            "SELECT * FROM annals.api_keys",
            "SELECT id FROM annals.api_keys WHERE hash = $$x$$",
            "SELECT api_keys FROM annals.api_keys",
            "COPY annals.api_keys TO STDOUT",
            "UPDATE annals.api_keys SET hash = $$x$$",
            "UPDATE annals.api_keys SET scopes = $${admin}$$",
            "UPDATE annals.api_keys SET last_used_at = now()",
            "SET ROLE annals_api_keys",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_an_operator_changes_no_more_of_a_key_than_that_it_is_revoked(url: str, onlooker: Any) -> None:
    async with login(onlooker, url, f"IN ROLE {AUDIT}") as own, connected(own) as connection:
        await connection.execute("UPDATE annals.api_keys SET revoked_at = now()")
        for change in ("name = 'bank'", "expires_at = NULL", "created_at = now()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"UPDATE annals.api_keys SET {change}")  # noqa: S608
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM annals.api_keys")
