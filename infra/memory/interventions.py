"""The record of what operators do, in memory: the server's rows, and the adapter that reaches them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from infra.memory.values import as_jsonb, check_lists
from infra.memory.wire import Wire
from workers.ports.event_store import Unstorable
from workers.ports.interventions import Intervention, Reason


class InterventionRows:
    """The server. `now` is its time of day."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.rows: list[Intervention] = []

    def record(self, actor: str, action: str, target: str, reason: str, details: Mapping[str, Any]) -> int:
        _check_texts(actor, action, target, reason)
        stored: Mapping[str, Any] = json.loads(as_jsonb(json.dumps(details).encode()))
        row = Intervention(len(self.rows) + 1, self._now(), actor, action, target, reason, stored)
        self.rows.append(row)
        return row.id

    def of(self, targets: Sequence[str]) -> list[Intervention]:
        check_lists([target] for target in targets)
        return [row for row in self.rows if row.target in targets]

    def since(self, number: int, limit: int) -> list[Intervention]:
        return [row for row in self.rows if row.id > number][:limit]


class MemoryInterventions:
    """`Interventions` on the rows."""

    def __init__(self, rows: InterventionRows, wire: Wire) -> None:
        self._rows = rows
        self._wire = wire

    async def record(
        self, actor: str, action: str, target: str, reason: Reason, details: Mapping[str, Any] | None = None
    ) -> int:
        record = partial(self._rows.record, actor, action, target, reason.text, details or {})
        return await self._wire.call("Postgres", record)

    async def of(self, targets: Sequence[str]) -> list[Intervention]:
        return await self._wire.call("Postgres", partial(self._rows.of, targets))

    async def since(self, number: int, limit: int) -> list[Intervention]:
        return await self._wire.call("Postgres", partial(self._rows.since, number, limit))


def _check_texts(*texts: str) -> None:
    """Raises Unstorable for what no column of Postgres holds: NUL, and halves of surrogate pairs."""
    for text in texts:
        try:
            is_storable = b"\0" not in text.encode()
        except UnicodeEncodeError:
            is_storable = False
        if not is_storable:
            raise Unstorable("a text holds a character that can't be stored")
