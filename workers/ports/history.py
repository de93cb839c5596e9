"""The past, for those who ask about it: streams page by page, the causes of commands, all that shares a correlation.

Read only, and from the table of events, which is the truth: nothing here lags behind. Every answer is bounded.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from workers.ports.event_store import EventRow, OutcomeRow


class Cause(NamedTuple):
    """Where a handled command came from. `causation_id` is its own id when a caller sent it of its own accord; `saga`,
    `instance_id` and `step` are there when a saga sent it. `type` is the command's wire type.
    """

    command_id: str
    type: str
    causation_id: str
    saga: str | None
    instance_id: str | None
    step: str | None


class TakenStep(NamedTuple):
    """A command that a saga decided to send. `causation_id` is the id of the event, or of the deadline, that led to it;
    `caused_at` when that was recorded, `decided_at` when the step was written. `command_type` is a wire type.
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
    """An instance of a saga, as it stands now. `begun_by` is the id of the first event that it took, None when that was
    not noted.
    """

    saga: str
    instance_id: str
    status: str
    started_at: datetime
    updated_at: datetime
    begun_by: str | None = None


class Notice(NamedTuple):
    """What an instance heard besides the log: that a deadline has passed, or that a step was refused. `type` is a wire
    type, `data` UTF-8 JSON: `{"instance_id", "deadline"}` or `{"instance_id", "step", "to", "code"}`.
    """

    saga: str
    instance_id: str
    event_id: str
    type: str
    recorded_at: datetime
    data: bytes


class Correlated(NamedTuple):
    """All that is known under one correlation id, as of one moment. Of the kinds named in `cut` only the earliest rows
    are here.
    """

    commands: Sequence[OutcomeRow] = ()
    events: Sequence[EventRow] = ()
    steps: Sequence[TakenStep] = ()
    sagas: Sequence[StartedSaga] = ()
    notices: Sequence[Notice] = ()
    cut: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known at all."""
        return not (self.commands or self.events or self.steps or self.sagas)


class Streams(Protocol):
    """One stream's events. The event store offers it too."""

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of one stream with higher versions, in order. Raises Unavailable."""
        ...


class History(Streams, Protocol):
    """What questions about the past need. Every method raises Unavailable when the database does not answer in time."""

    async def stream_end(self, context: str, stream_id: str) -> tuple[int, str] | None:
        """The version and the bare type (UserDeleted) of a stream's last event; None for a stream without any."""
        ...

    async def causes(self, command_ids: Sequence[str]) -> Mapping[str, Cause]:
        """Where these commands came from, by their ids; those that were never handled are left out."""
        ...

    async def correlated(self, correlation_id: str, limit: int) -> Correlated:
        """All that shares a correlation id, at most `limit` rows of each kind, the earliest first."""
        ...
