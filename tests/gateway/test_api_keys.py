"""A service proves who it is by its key; a key that was revoked, has expired or was made up proves nothing."""

import asyncio
import hmac
import secrets
from hashlib import sha256

import pytest

from contracts.principal import Principal
from tests.gateway.api_keys_in_memory import World
from workers.gateway import api_keys as api_keys_module
from workers.operations.api_keys import revoke
from workers.ports.commands import Overloaded
from workers.ports.identity import TokenRefused
from workers.ports.lanes import Unavailable


@pytest.fixture
def world() -> World:
    return World()


async def test_a_key_proves_the_service(world: World) -> None:
    token, key = await world.created()
    assert token.startswith(f"annals_{key.id}_")
    assert await world.gateway.principal(token) == Principal("service:shop", frozenset({"users.write"}))


async def test_it_is_looked_up_once_in_a_few_seconds(world: World) -> None:
    token = (await world.created()).token
    for _ in range(3):
        await asyncio.gather(*(world.gateway.principal(token) for _ in range(50)))
    assert len(world.stored.lookups) == 1
    world.clock.advance(5)
    await world.gateway.principal(token)
    assert len(world.stored.lookups) == 2


async def test_a_revoked_one_proves_nothing_after_five_seconds(world: World) -> None:
    token, key = await world.created()
    await world.gateway.principal(token)
    await revoke(world.register, world.operator, key.id)
    world.clock.advance(4.9)
    await world.gateway.principal(token)
    world.clock.advance(0.1)
    assert await world.is_refused(token)


async def test_the_control_kept_for_ever_a_revoked_one_still_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys_module, "KEPT_SECONDS", 1e9)
    token, key = await world.created()
    await world.gateway.principal(token)
    await revoke(world.register, world.operator, key.id)
    world.clock.advance(3600)
    assert (await world.gateway.principal(token)).name == "service:shop"


async def test_one_expires_to_the_second(world: World) -> None:
    token = (await world.created(seconds=7)).token
    await world.gateway.principal(token)
    world.clock.advance(5)
    await world.gateway.principal(token)
    world.clock.advance(2)
    assert await world.is_refused(token)


async def test_another_secret_under_a_known_id_proves_nothing_and_costs_no_lookup(world: World) -> None:
    token, key = await world.created()
    await world.gateway.principal(token)
    for _ in range(20):
        assert await world.is_refused(f"annals_{key.id}_{secrets.token_urlsafe(32)}")
    assert len(world.stored.lookups) == 1


async def test_the_secret_of_one_key_does_not_open_another(world: World) -> None:
    first, second = await world.created(), await world.created("bank")
    secret = first.token.removeprefix(f"annals_{first.key.id}_")
    assert await world.is_refused(f"annals_{second.key.id}_{secret}")


@pytest.mark.parametrize(
    "token",
    [
        *("annals_", "annals_0123456789abcdef", "annals_0123456789abcdef_short", "annals_0123456789ABCDEF_" + "a" * 43),
        *("annals_0123456789abcdef_" + "a" * 44, "ANNALS_0123456789abcdef_" + "a" * 43, "annals_' OR 1=1_" + "a" * 43),
        *("annals_0123456789abcdef_" + "a" * 42 + "\n", "annals_\u0660123456789abcde_" + "a" * 43),
    ],
    ids=ascii,
)
async def test_what_has_not_the_form_of_a_key_is_not_looked_up(world: World, token: str) -> None:
    assert await world.is_refused(token)
    assert world.stored.lookups == []


async def test_a_flood_of_made_up_keys_takes_nothing_from_known_ones(world: World) -> None:
    token = (await world.created()).token
    await world.gateway.principal(token)
    world.stored.open_.clear()
    flood = [asyncio.create_task(world.gateway.principal(f"annals_{number:016x}_{'a' * 43}")) for number in range(1000)]
    assert (await world.gateway.principal(token)).name == "service:shop"
    await asyncio.sleep(0)
    world.stored.open_.set()
    answers = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(answer) for answer in answers} == {TokenRefused, Overloaded}
    assert len(world.stored.lookups) <= 1 + api_keys_module.MAX_CONCURRENT_LOOKUPS
    assert len(world.gateway._kept) == 1


async def test_without_the_database_a_key_cannot_be_judged(world: World) -> None:
    token = (await world.created()).token
    world.wire.away.add("Postgres")
    with pytest.raises(Unavailable):
        await world.gateway.principal(token)
    world.wire.away.clear()
    assert (await world.gateway.principal(token)).name == "service:shop"


async def test_its_last_use_is_written_once_a_minute_and_beside_the_requests(world: World) -> None:
    token, key = await world.created()
    for _ in range(100):
        await world.gateway.principal(token)
    assert world.stored.notes == []
    await world.gateway.write_notes()
    for _ in range(11):
        world.clock.advance(5)
        await world.gateway.principal(token)
        await world.gateway.write_notes()
    assert world.stored.notes == [[key.id]]
    world.clock.advance(5)
    await world.gateway.principal(token)
    await world.gateway.write_notes()
    assert world.stored.notes == [[key.id]] * 2


async def test_a_key_that_is_refused_leaves_no_note(world: World) -> None:
    _, key = await world.created()
    assert await world.is_refused(f"annals_{key.id}_{'a' * 43}")
    await world.gateway.write_notes()
    assert world.stored.notes == []


async def test_a_note_that_cannot_be_written_is_forgotten(world: World) -> None:
    token = (await world.created()).token
    await world.gateway.principal(token)
    world.wire.away.add("Postgres")
    await world.gateway.write_notes()
    world.wire.away.clear()
    await world.gateway.write_notes()
    assert len(world.stored.notes) == 1


async def test_the_hash_is_compared_in_constant_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    equal = hmac.compare_digest

    def noted(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return equal(left, right)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    token = (await world.created()).token
    await world.gateway.principal(token)
    assert compared == [(sha256(token.encode()).digest(),) * 2]
