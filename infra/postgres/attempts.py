"""Under which ids a dead letter's command was sent again. One attempt per id, however many operators ask at once."""

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from infra.postgres.pool import Database
from workers.ports.interventions import Reason

Sending = Literal["dlq-retry", "dlq-resend"]


class Attempts(NamedTuple):
    """The command that the first attempt was about, and the ids under which it was sent again, oldest first."""

    root_id: str
    command_ids: tuple[str, ...]


class CommandAttempts:
    """Reads and writes attempts in the record of interventions. Every method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, command_id: str) -> Attempts:
        """The attempts at what this command wanted, whether it was the first command or one of them."""
        row = await self._database.row("attempts_of", command_id)
        assert row is not None
        return Attempts(row["root_id"], tuple(row["command_ids"]))

    async def record(self, actor: str, target: str, reason: Reason, details: Mapping[str, Any]) -> Sending:
        """Note that a command is about to be sent under `details["command_id"]`, for the first time or once more.

        Needs the role `annals_writer`. Without a command id (nobody could read one) it is a first time always.
        """
        noted: Sending = await self._database.value("record_attempt", actor, target, reason.text, json.dumps(details))
        return noted
