"""A service proves who it is by its key; a key that was revoked, has expired or was made up proves nothing."""

import asyncio
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from contracts.principal import Principal
from infra.memory.api_keys import ApiKeyRows, MemoryApiKeyRegister, MemoryApiKeys
from infra.memory.clock import MemoryClock
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.wire import DirectWire
from workers.gateway import api_keys as api_keys_module
from workers.gateway.api_keys import ApiKeyAuthenticator
from workers.operations.api_keys import ApiKeyRefused, CreatedApiKey, create, revoke
from workers.operations.interventions import Operator
from workers.ports.api_keys import StoredApiKey
from workers.ports.commands import Overloaded
from workers.ports.identity import TokenRefused
from workers.ports.interventions import Reason
from workers.ports.lanes import Unavailable

WHY = Reason("the shop opens")


class CountedKeys(MemoryApiKeys):
    """Counts the look-ups, and holds them while `open_` is not set."""

    def __init__(self, rows: ApiKeyRows, wire: DirectWire) -> None:
        super().__init__(rows, wire)
        self.lookups: list[str] = []
        self.notes: list[list[str]] = []
        self.open_ = asyncio.Event()
        self.open_.set()

    async def api_key(self, id_: str) -> StoredApiKey | None:
        self.lookups.append(id_)
        await self.open_.wait()
        return await super().api_key(id_)

    async def note_used(self, ids: object) -> None:
        self.notes.append(list(ids))  # type: ignore[call-overload]
        await super().note_used(self.notes[-1])


class World:
    """Keys in memory, the gateway's view of them, and an operator. Time passes when it is told to."""

    def __init__(self) -> None:
        self.clock = MemoryClock()
        self.wire = DirectWire()
        rows = ApiKeyRows(lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.clock()))
        self.stored = CountedKeys(rows, self.wire)
        self.register = MemoryApiKeyRegister(rows, DirectWire())
        self.record = MemoryInterventions(InterventionRows(lambda: datetime.now(UTC)), DirectWire())
        self.operator = Operator(self.record, "ada", WHY)
        self.gateway = ApiKeyAuthenticator(self.stored, self.clock)

    async def created(self, name: str = "shop", seconds: float | None = None) -> CreatedApiKey:
        return await create(
            self.register,
            self.operator,
            name,
            ["users.write"],
            id_=secrets.token_hex(8),
            secret=secrets.token_urlsafe(32),
            expires_in_seconds=seconds,
        )

    async def is_refused(self, token: str) -> bool:
        with pytest.raises(TokenRefused) as caught:
            await self.gateway.principal(token)
        return token not in caught.value.why


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
