"""Queries about the past: streams page by page, the causes of commands, all that shares a correlation id.

They only read, and they read the event table, which is the truth, so no answer lags behind. Every answer is bounded.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventRow
from workers.ports.outcomes import OutcomeRow


class Cause(NamedTuple):
    """Where a handled command came from. `causation_id` is the command's own id if a caller sent it; `saga`,
    `instance_id` and `step` are set if a saga sent it. `type` is the command's wire type. `actor` is who sent it, or on
    whose behalf a saga did.
    """

    command_id: str
    type: str
    causation_id: str
    saga: str | None
    instance_id: str | None
    step: str | None
    actor: str | None


class SagaStep(NamedTuple):
    """A command that a saga has decided to send. `causation_id` is the id of the event or the deadline that led to it;
    `caused_at` is when that was recorded, `decided_at` when the step was written. `command_type` is a wire type.
    """

    saga: str
    instance_id: str
    step: str
    command_id: str
    command_type: str
    stream_id: str
    causation_id: str
    actor: str | None
    caused_at: datetime
    decided_at: datetime


class StartedSaga(NamedTuple):
    """An instance of a saga as it is now. `begun_by` is the id of the first event that it applied; None: unknown."""

    saga: str
    instance_id: str
    status: str
    started_at: datetime
    updated_at: datetime
    begun_by: str | None = None


class Notice(NamedTuple):
    """An internal event that an instance has handled: a deadline has passed, or a step was rejected. `type` is a wire
    type, `data` UTF-8 JSON: `{"instance_id", "deadline"}` or `{"instance_id", "step", "to", "code"}`.
    """

    saga: str
    instance_id: str
    event_id: str
    type: str
    recorded_at: datetime
    data: bytes


class Correlated(NamedTuple):
    """All rows with one correlation id, as of one moment. For the kinds named in `cut` these are only the earliest
    rows, as there were more than the limit.
    """

    commands: Sequence[OutcomeRow] = ()
    events: Sequence[EventRow] = ()
    steps: Sequence[SagaStep] = ()
    sagas: Sequence[StartedSaga] = ()
    notices: Sequence[Notice] = ()
    cut: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is no row at all."""
        return not (self.commands or self.events or self.steps or self.sagas)


class StreamReader(Protocol):
    """Reads the events of one stream. The event store is one too."""

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of one stream with higher versions, in order. Raises Unavailable."""
        ...


class History(StreamReader, Protocol):
    """What queries about the past need. Every method raises Unavailable when the database does not answer in time."""

    async def stream_end(self, context: str, stream_id: str) -> tuple[int, str] | None:
        """The version and the bare type (UserDeleted) of a stream's last event; None for a stream without events."""
        ...

    async def causes(self, context: str, stream_id: str, command_ids: Sequence[str]) -> Mapping[str, Cause]:
        """Where these commands of a stream came from, by command id; those that were never handled are left out."""
        ...

    async def correlated(self, correlation_id: str, limit: int) -> Correlated:
        """All rows with this correlation id, at most `limit` of each kind, the earliest first."""
        ...
