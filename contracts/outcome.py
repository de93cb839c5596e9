"""The outcome of a command: the value of its reply, of `GET /commands/{id}` and of `annals send`."""

import hashlib
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.deprecation import Deprecated
from contracts.message import Command

Status = Literal["accepted", "rejected", "failed"]

IDEMPOTENCY_KEY_REUSED = "IdempotencyKeyReused"
"""The code of the rejection of another command under the id of one that was handled. It is not stored."""

DIGEST_CHARACTERS = 32


class EmittedEvent(BaseModel):
    """An event that a command led to."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    type: str


class OutcomeError(BaseModel):
    """Why a command was not accepted. `details` is a list of `{"field", "message"}` for a ValidationFailed."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    details: Any = None


class Outcome(BaseModel):
    """The answer to a command, stored once and returned for every repeat.

    `accepted`: the events are in the table. `rejected`: a business no, nothing was written. `failed`: a fault of the
    system; the command is in the dead letters. `partition` and `sequence` are the lane's position after the command: a
    reader that has reached it has seen every effect of the command. `stream_version` counts the stream's events, 0 for
    none. `content_digest` is that of the command that was handled: this is no outcome of a command with other content
    under the same id. Outcomes of earlier releases have none. `deprecation` is only there if the command is deprecated
    now.
    """

    model_config = ConfigDict(frozen=True)

    command_id: str
    type: str
    status: Status
    stream_id: str
    stream_version: int
    partition: int
    sequence: int
    events: tuple[EmittedEvent, ...]
    error: OutcomeError | None
    correlation_id: str
    handled_at: datetime
    content_digest: str | None = Field(default=None, repr=False)
    deprecation: Deprecated | None = Field(default=None, exclude_if=lambda value: value is None)

    @property
    def context(self) -> str:
        """The context of the command."""
        return self.type.partition(".")[0]

    def to_json(self) -> bytes:
        """As it is stored, and sent as a reply."""
        return self.__pydantic_serializer__.to_json(self)

    def shown_json(self) -> bytes:
        """For people and callers: without the digest, as the command may hold the hash of a secret."""
        return self.__pydantic_serializer__.to_json(self, exclude={"content_digest"})

    def is_of(self, command: Command) -> bool:
        """Whether this is the outcome of that command and not of another one under the same id, as far as is known."""
        if self.stream_id != command.stream_id or type_name(self.type) != type_name(command.type):
            return False
        return self.content_digest in (None, content_digest(command.to_json()))


def type_name(type_: str) -> str:
    """A type without its version: between a command and its repeat a client may have been updated."""
    return type_.rpartition(".")[0]


def content_digest(value: bytes) -> str:
    """The digest of a command's value as it is sent. It tells a repeat from another command under the same id."""
    return hashlib.sha256(value).hexdigest()[:DIGEST_CHARACTERS]
