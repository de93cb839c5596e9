"""Keys of services in memory, what the gateway makes of them, and an operator."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from infra.memory.api_keys import ApiKeyRows, MemoryApiKeyRegister, MemoryApiKeys
from infra.memory.clock import MemoryClock
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.wire import DirectWire
from workers.gateway.api_keys import ApiKeyAuthenticator
from workers.operations.api_keys import CreatedApiKey, create
from workers.operations.interventions import Operator
from workers.ports.api_keys import StoredApiKey
from workers.ports.identity import TokenRefused
from workers.ports.interventions import Reason

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
