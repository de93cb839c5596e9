"""The stored outcomes of commands, and who reads them when nobody waits for the reply any more."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import orjson

from contracts.deprecation import DEPRECATED
from contracts.envelope import rfc3339
from contracts.outcome import Status


class CommandKey(NamedTuple):
    """What a command is known by: its id is its own only within its context and stream, so nobody can take the id of
    another stream's command.
    """

    context: str
    stream_id: str
    command_id: str


class OutcomeRow(NamedTuple):
    """A command's outcome as the table keeps it.

    `stream_version`, `partition` and `sequence` are the stream's and the lane's after the command. `events` are the ids
    and wire types of its events, whose sequences end with `sequence`; the table keeps only how many there are. `error`
    is the JSON of a rejection or failure, None for an accepted command. `content_digest` is that of the command's
    value; None: it was not kept.
    """

    command_id: str
    type: str
    context: str
    stream_id: str
    status: Status
    stream_version: int
    partition: int
    sequence: int
    events: Sequence[tuple[str, str]]
    error: bytes | None
    correlation_id: str
    causation_id: str
    actor: str | None
    handled_at: datetime
    content_digest: str | None

    @property
    def outcome(self) -> bytes:
        """The reply: the JSON of `contracts.outcome.Outcome`; the same bytes each time, until the command is
        deprecated.
        """
        document = {
            "command_id": self.command_id,
            "type": self.type,
            "status": self.status,
            "stream_id": self.stream_id,
            "stream_version": self.stream_version,
            "partition": self.partition,
            "sequence": self.sequence,
            "events": [{"event_id": event_id, "type": wire_type} for event_id, wire_type in self.events],
            "error": None if self.error is None else orjson.Fragment(self.error),
            "correlation_id": self.correlation_id,
            "handled_at": rfc3339(self.handled_at),
            "content_digest": self.content_digest,
        }
        if DEPRECATED and self.type in DEPRECATED:
            document["deprecation"] = orjson.Fragment(DEPRECATED[self.type].to_json())
        return orjson.dumps(document)

    @property
    def error_code(self) -> str | None:
        """The code of a rejection or failure; None for an accepted command."""
        return None if self.error is None else str(orjson.loads(self.error)["code"])

    @property
    def is_unchanged(self) -> bool:
        """Whether the command was accepted and changed nothing."""
        return self.status == "accepted" and not self.events


class Outcomes(Protocol):
    """Reads outcomes."""

    async def outcome(self, key: CommandKey) -> bytes | None:
        """The JSON of the outcome, or None if the command has not been handled. Raises Unavailable."""
        ...

    async def outcomes(self, command_id: str, limit: int) -> Sequence[bytes]:
        """The JSON of the outcomes of commands with this id, at most one of each stream, the first handled first.
        Raises Unavailable.
        """
        ...
