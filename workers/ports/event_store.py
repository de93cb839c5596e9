"""The event store: events, the outcomes of commands, unique claims and lanes, all changed in one transaction.

It is the truth of the system; the log on Kafka follows it. A batch of a lane is written whole or not at all, and only
while the lane is in the writer's epoch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from workers.ports.lanes import LaneKey, LaneStore, Mark
from workers.ports.outcomes import OutcomeRow


class EventRow(NamedTuple):
    """An event as the table keeps it. `data` is UTF-8 JSON; `type` is the bare name (UserCreated)."""

    context: str
    partition: int
    sequence: int
    stream_id: str
    stream_version: int
    event_id: str
    type: str
    schema_version: int
    data: bytes
    command_id: str
    correlation_id: str
    causation_id: str
    actor: str | None
    traceparent: str | None
    recorded_at: datetime


class ClaimToAcquire(NamedTuple):
    """A unique claim that must be free before the batch, else the batch is not written. Each key at most once in a
    batch.
    """

    scope: str
    key: str
    stream_id: str


class ClaimToSettle(NamedTuple):
    """The holder of a unique claim after the batch (`stream_id`; None: it is released).

    It applies if `former` held the claim before the batch or acquires it in this batch. If another stream holds it, a
    release changes nothing, and a transfer to another stream rejects the whole batch.
    """

    scope: str
    key: str
    stream_id: str | None
    former: str


class CredentialRow(NamedTuple):
    """The secret of a stream after the batch; None: it is removed."""

    stream_id: str
    secret: str | None


class SnapshotRow(NamedTuple):
    """The state of a stream after `stream_version` events, as JSON. It replaces the earlier snapshot of the stream.

    `fingerprint` identifies the code that folded the events. `digest` lets the reader see that nothing was changed.
    """

    stream_id: str
    stream_version: int
    fingerprint: str
    digest: str
    state: bytes


class Batch(NamedTuple):
    """All that one transaction of a command lane writes.

    `consumed` is the next offset to read, `sequence` the last one handed out, both after the batch. `time` is the
    database's, as `look_up` returned it. `last_timestamp` is that of the record before `consumed`, in milliseconds
    since 1970; 0: unknown.
    """

    lane: LaneKey
    epoch: int
    context: str
    time: datetime
    consumed: int
    sequence: int
    mark: Mark
    outcomes: Sequence[OutcomeRow]
    events: Sequence[EventRow]
    claims_to_acquire: Sequence[ClaimToAcquire]
    claims_to_settle: Sequence[ClaimToSettle]
    credentials: Sequence[CredentialRow]
    snapshots: Sequence[SnapshotRow] = ()
    last_timestamp: int = 0


class StreamEvent(NamedTuple):
    """What a fold needs of an event. `type` is the bare name, `data` UTF-8 JSON."""

    stream_id: str
    stream_version: int
    type: str
    schema_version: int
    data: bytes


class StoredSnapshot(NamedTuple):
    """A snapshot as it is stored, perhaps changed since. `event_id` is that of the last event that it covers."""

    stream_id: str
    stream_version: int
    event_id: str
    digest: str
    state: bytes


class BatchLookup(NamedTuple):
    """What a batch is decided on: the database's time, the stored outcomes (JSON, by stream id and command id) of
    commands that were handled before, and the events of the requested streams. The events of one stream follow one
    another, in order; for a stream with a snapshot they are those after the snapshot.
    """

    now: datetime
    outcomes: dict[tuple[str, str], bytes]
    events: Sequence[StreamEvent]
    snapshots: Sequence[StoredSnapshot] = ()


class ClaimConflict(Exception):
    """Other streams hold some of the unique claims of the batch; nothing was written. Decide again without them.

    `rejected`: claims that could not be acquired (scope, key). `not_held`: claims that a stream was to transfer without
    holding them (scope, key, stream id).
    """

    def __init__(
        self, rejected: frozenset[tuple[str, str]], not_held: frozenset[tuple[str, str, str]] = frozenset()
    ) -> None:
        super().__init__(f"{len(rejected) + len(not_held)} unique claims are held by other streams")
        self.rejected = rejected
        self.not_held = not_held


class Repeated(Exception):
    """Another lane has handled a command of the batch meanwhile; nothing was written. Look up and decide again."""


class StreamExists(Exception):
    """A stream of the batch has an event of the version of one of the batch's; nothing was written. If the batch took
    the stream for a new one, look up and decide again.
    """


class Unstorable(Exception):
    """The database cannot store a value of the batch; nothing was written. Try the commands one by one."""

    def __init__(self, explanation: str) -> None:
        super().__init__(f"the database cannot store a value: {explanation}")
        self.explanation = explanation


class EventTable(Protocol):
    """What consumers of the log need: the events that the log lacks, and the events of one stream."""

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of one lane with higher sequences, in order. Raises Unavailable."""
        ...

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of one stream with higher versions, in order. Raises Unavailable."""
        ...


class StreamTable(EventTable, Protocol):
    """What a projection needs in addition: the streams of a lane, and the first events of some of them."""

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        """The streams of a lane whose first event has a sequence in (`after`, `until`]. Raises Unavailable."""
        ...

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        """The first events of each of these streams, at most `limit` of each. The events of one stream follow one
        another, in order. Raises Unavailable.
        """
        ...


class EventStore(LaneStore, StreamTable, Protocol):
    """What the command loop needs."""

    def time(self) -> datetime | None:
        """The database's time without asking it: that of its last answer to a look-up, and what has passed since. It is
        never ahead. None: that was too long ago.
        """
        ...

    async def look_up(
        self,
        context: str,
        commands: Sequence[tuple[str, str]],
        stream_ids: Sequence[str],
        fingerprint: str | None = None,
    ) -> BatchLookup:
        """All that a batch is decided on, in one round trip. `commands`: by stream id and command id. Raises
        Unavailable.

        Snapshots count only if they carry this fingerprint and their last event exists. None: no snapshots, all events.
        """
        ...

    async def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction whose first statement fences.

        Raises Fenced, ClaimConflict, Repeated, StreamExists, LaneSetBack, Unstorable or Unavailable. After Unavailable
        it is unknown whether the transaction was committed: acquire the lane again, its row tells.
        """
        ...
