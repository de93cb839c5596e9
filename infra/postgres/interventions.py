"""The record of what operators do, in the table annals.interventions. The database refuses to change or remove rows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.postgres.lists import listed
from infra.postgres.pool import Database
from workers.ports.interventions import Intervention, Reason


class PostgresInterventions:
    """`Interventions` on the database. `record` needs the role `annals_audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, actor: str, action: str, target: str, reason: Reason, details: Mapping[str, Any] | None = None
    ) -> int:
        number: int = await self._database.value(
            "record_intervention", actor, action, target, reason.text, json.dumps(details or {})
        )
        return number

    async def of(self, targets: Sequence[str]) -> list[Intervention]:
        return [_intervention(row) for row in await self._database.rows("interventions_of", listed(targets))]

    async def since(self, number: int, limit: int) -> list[Intervention]:
        return [_intervention(row) for row in await self._database.rows("interventions_since", number, limit)]


def _intervention(row: Any) -> Intervention:
    return Intervention(
        id=row["id"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        target=row["target"],
        reason=row["reason"],
        details=json.loads(row["details"]),
    )
