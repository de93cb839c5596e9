"""What became of a command: the value of its reply, of `GET /commands/{id}` and of `annals send`."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["accepted", "rejected", "failed"]


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
    """The answer to a command, stored once and given again to every repeat.

    `accepted`: the events are in the table. `rejected`: a business no, nothing was written. `failed`: a fault of ours;
    the command is in the dead letters. `partition` and `sequence` are the lane's position after the command: a reader
    that has reached it has seen every effect of the command. `stream_version` counts the stream's events, 0 for none.
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

    def to_json(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self)
