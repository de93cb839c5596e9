"""What work on dead letters asks of the database: attempts in the record of interventions, and holders of claims."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from infra.postgres.lists import listed
from infra.postgres.pool import Database
from workers.ports.dead_letters import Attempts, Sending
from workers.ports.interventions import Reason


class PostgresDeadLetterTable:
    """`DeadLetterTable` on the database. `record_attempt` needs the role `annals_audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self) -> datetime:
        return await self._database.now()

    async def attempts_of(self, command_id: str) -> Attempts:
        row = await self._database.row("attempts_of", command_id)
        assert row is not None, "the query returns one row for every id"
        return Attempts(row["root_id"], tuple(row["command_ids"]))

    async def record_attempt(self, actor: str, target: str, reason: Reason, details: Mapping[str, Any]) -> Sending:
        action: Sending = await self._database.value("record_attempt", actor, target, reason.text, json.dumps(details))
        return action

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        if not claims:
            return {}
        scopes, keys = listed([scope for scope, _ in claims]), listed([key for _, key in claims])
        rows = await self._database.rows("unique_claims_of", context, scopes, keys)
        return {(row["scope"], row["key"]): row["stream_id"] for row in rows}
