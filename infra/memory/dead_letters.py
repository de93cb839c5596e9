"""What work on dead letters asks of the database, on the twins of the tables."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from infra.memory.interventions import InterventionRows
from infra.memory.table import Table
from infra.memory.values import check_lists
from infra.memory.wire import Wire
from workers.ports.dead_letters import Attempts, Sending
from workers.ports.interventions import Reason


class MemoryDeadLetterTable:
    """`DeadLetterTable` on the rows of the two tables that it reads."""

    def __init__(self, table: Table, interventions: InterventionRows, wire: Wire) -> None:
        self._table = table
        self._interventions = interventions
        self._wire = wire

    async def now(self) -> datetime:
        return await self._wire.call("Postgres", self._table.now)

    async def attempts_of(self, command_id: str) -> Attempts:
        return await self._wire.call("Postgres", partial(self._attempts_of, command_id))

    async def record_attempt(self, actor: str, target: str, reason: Reason, details: Mapping[str, Any]) -> Sending:
        record = partial(self._record_attempt, actor, target, reason.text, details)
        return await self._wire.call("Postgres", record)

    async def claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        return await self._wire.call("Postgres", partial(self._claim_holders, context, claims))

    def _attempts_of(self, command_id: str) -> Attempts:
        first_sendings = [row.details for row in self._interventions.rows if row.action == "dlq-retry"]
        roots = [details["root_id"] for details in first_sendings if details.get("command_id") == command_id]
        root_id = roots[0] if roots and roots[0] is not None else command_id
        return Attempts(
            root_id,
            tuple(details["command_id"] for details in first_sendings if details.get("root_id") == root_id),
        )

    def _record_attempt(self, actor: str, target: str, reason: str, details: Mapping[str, Any]) -> Sending:
        command_id = details.get("command_id")
        is_first = command_id is None or all(
            row.details.get("command_id") != command_id for row in self._interventions.rows if row.action == "dlq-retry"
        )
        action: Sending = "dlq-retry" if is_first else "dlq-resend"
        self._interventions.record(actor, action, target, reason, json.loads(json.dumps(details)))
        return action

    def _claim_holders(self, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        check_lists([scope, key] for scope, key in claims)
        holders = {claim: self._table.unique_claims.get((context, *claim)) for claim in claims}
        return {claim: holder for claim, holder in holders.items() if holder is not None}
