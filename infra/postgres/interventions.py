"""The record of what operators did by hand: retries, discards, skips, repairs, switches. Insert only."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from infra.postgres.lists import listed
from infra.postgres.pool import Database

MAX_REASON_CHARACTERS = 2000


class Intervention(NamedTuple):
    """One action: who did what to which target, when (by the database's clock) and why."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    details: Mapping[str, Any]


class Interventions:
    """Writes and reads the record. Every method raises Unavailable; `record` Unstorable for what is no text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, actor: str, action: str, target: str, reason: str, details: Mapping[str, Any] | None = None
    ) -> int:
        """Note an action; needs the role `annals_writer`. Returns its number."""
        noted: int = await self._database.value(
            "record_intervention", actor, action, target, reason[:MAX_REASON_CHARACTERS], json.dumps(details or {})
        )
        return noted

    async def of(self, targets: Sequence[str]) -> list[Intervention]:
        """All that was done to these targets, oldest first."""
        rows = await self._database.rows("interventions_of", listed(targets))
        return [Intervention(**{**row, "details": json.loads(row["details"])}) for row in rows]
