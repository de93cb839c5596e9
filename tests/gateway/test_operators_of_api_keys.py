"""What operators do with keys of services is recorded before it is done, and shows no key."""

from hashlib import sha256

import pytest

from tests.gateway.api_keys_in_memory import WHY, World
from workers.operations.api_keys import ApiKeyRefused, revoke


@pytest.fixture
def world() -> World:
    return World()


async def test_creation_and_revocation_are_recorded_without_the_key(world: World) -> None:
    token, key = await world.created(seconds=60)
    await revoke(world.register, world.operator, key.id)
    actions = await world.record.of([f"api-key:{key.id}"])
    assert [(action.action, action.actor, action.reason) for action in actions] == [
        ("auth-key-create", "ada", WHY.text),
        ("auth-key-revoke", "ada", WHY.text),
    ]
    assert actions[0].details == {"name": "shop", "scopes": ["users.write"], "expires_in_seconds": 60}
    secret = token.removeprefix(f"annals_{key.id}_")
    for shown in (repr(actions), repr(await world.created()), repr(vars(world.gateway))):
        assert secret not in shown
        assert sha256(token.encode()).hexdigest() not in shown


@pytest.mark.parametrize("name", ["", "a b", "service:shop", "-shop", "a" * 101, "\u0430", "a\n"], ids=ascii)
async def test_a_name_that_is_none_is_refused_before_anything_is_recorded(world: World, name: str) -> None:
    with pytest.raises(ApiKeyRefused):
        await world.created(name)
    assert await world.record.since(0, 10) == []


async def test_who_names_the_key_itself_to_revoke_it_is_told_not_to(world: World) -> None:
    token, _ = await world.created()
    with pytest.raises(ApiKeyRefused, match="by its id") as caught:
        await revoke(world.register, world.operator, token)
    assert token not in str(caught.value)
    with pytest.raises(ApiKeyRefused, match="There is no key"):
        await revoke(world.register, world.operator, "0" * 16)
    assert len(await world.record.since(0, 10)) == 1
