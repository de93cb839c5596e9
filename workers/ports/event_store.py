"""The event store: the table of events, the outcomes of commands and the lanes, all changed in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from workers.ports.lanes import Interruption, LaneGrant, LaneKey, Mark


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


class OutcomeRow(NamedTuple):
    """A command's outcome as the table keeps it; `outcome` is the reply's JSON, byte for byte."""

    command_id: str
    type: str
    context: str
    stream_id: str
    status: str
    partition: int
    sequence: int
    correlation_id: str
    causation_id: str
    actor: str | None
    handled_at: datetime
    outcome: bytes


class ClaimToAcquire(NamedTuple):
    """A unique claim that the database must grant, or refuse the batch. A batch acquires a key once at most."""

    scope: str
    key: str
    stream_id: str


class ClaimToSettle(NamedTuple):
    """Who holds a unique claim after the batch (None: nobody), if `former` holds it before, or has acquired it in this
    batch. Held by another: a release changes nothing, and what was to be handed on refuses the batch.
    """

    scope: str
    key: str
    stream_id: str | None
    former: str


class CredentialRow(NamedTuple):
    """A stream's secret after the batch; None: removed."""

    stream_id: str
    secret: str | None


class SnapshotRow(NamedTuple):
    """A stream's state after `stream_version` events, as JSON, in place of the stream's earlier snapshot.

    `fingerprint` tells which code folded it; `digest` is for the one who reads it to see that nothing was changed.
    """

    stream_id: str
    stream_version: int
    fingerprint: str
    digest: str
    state: bytes


class Batch(NamedTuple):
    """All that one transaction of a command lane writes. `time` is the database's, as `look_up` told it;
    `last_timestamp` that of the record before `consumed`, 0: not known.
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
    acquire: Sequence[ClaimToAcquire]
    settle: Sequence[ClaimToSettle]
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
    """A stream's snapshot as it is stored, perhaps changed since. `event_id`: of the event that it stands behind."""

    stream_id: str
    stream_version: int
    event_id: str
    digest: str
    state: bytes


class LookedUp(NamedTuple):
    """What a batch must know: the database's time, the stored outcomes (JSON) of those commands that were handled
    before, and the streams asked for: their events, each stream's together and in order. Of a stream with a snapshot
    only the events behind it.
    """

    now: datetime
    outcomes: dict[str, bytes]
    events: Sequence[StreamEvent]
    snapshots: Sequence[StoredSnapshot] = ()


class ClaimsRefused(Exception):
    """Some of the batch's unique_claims are held by other streams; nothing was written. Decide again without them.

    `refused`: what was to be acquired (scope, key). `unheld`: what was to be handed on by a stream that does not hold
    it (scope, key, stream id).
    """

    def __init__(
        self, refused: frozenset[tuple[str, str]], unheld: frozenset[tuple[str, str, str]] = frozenset()
    ) -> None:
        super().__init__(f"{len(refused) + len(unheld)} unique_claims are held by other streams")
        self.refused = refused
        self.unheld = unheld


class Repeated(Exception):
    """A command of the batch was handled meanwhile on another lane; nothing was written. Look up and decide again."""


class Unstorable(Exception):
    """The database cannot represent a value of the batch; nothing was written. Try the commands one by one."""

    def __init__(self, explanation: str) -> None:
        super().__init__(f"the database refused a value: {explanation}")
        self.explanation = explanation


class LaneStore(Protocol):
    """Ownership of lanes. Every method raises Unavailable when the database does not answer in time."""

    async def acquire(self, lane: LaneKey, owner: str) -> LaneGrant:
        """Become the lane's owner: its epoch goes up by one, which refuses every earlier owner."""
        ...

    async def holds(self, lane: LaneKey, epoch: int) -> bool:
        """Whether the lane is still in this epoch."""
        ...

    async def rebase(
        self, lane: LaneKey, epoch: int, consumed: int, topic_id: str, interruption: Interruption | None = None
    ) -> None:
        """Store from which offset of which topic the lane reads on, and keep the interruption, if that is why, until an
        operator acknowledges it. Raises Fenced.
        """
        ...

    async def publish_to(self, lane: LaneKey, epoch: int, topic_id: str) -> None:
        """Store the id of the topic that the lane publishes to: a mark in any other says nothing. Raises Fenced."""
        ...

    async def interruptions(self, lane: LaneKey) -> int:
        """How many interruptions of the lane nobody has acknowledged."""
        ...

    async def release(self, lane: LaneKey, epoch: int, mark: Mark) -> None:
        """Note the final mark and that nobody owns the lane now; quiet when it is another's already.

        The owner's mark is what counts, also when it is behind an older one: the log may have been shortened.
        """
        ...


class EventTable(Protocol):
    """The part that those who follow the log need: what the log lacks, and what a stream holds."""

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of one lane with higher sequences, in order. Raises Unavailable."""
        ...

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        """At most `limit` events of one stream with higher versions, in order. Raises Unavailable."""
        ...


class StreamTable(EventTable, Protocol):
    """What a projection needs besides: which streams a lane has, and what some of them hold."""

    async def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        """The streams of a lane whose first event has a sequence above `after`, `until` at most. Raises Unavailable."""
        ...

    async def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        """Of each of these streams its first events, `limit` at most; each stream's together and in order. Raises
        Unavailable.
        """
        ...


class EventStore(LaneStore, StreamTable, Protocol):
    """What the command loop needs."""

    async def look_up(
        self, context: str, command_ids: Sequence[str], stream_ids: Sequence[str], fingerprint: str | None = None
    ) -> LookedUp:
        """All that a batch must know, in one answer. Raises Unavailable.

        Of snapshots only those that carry this fingerprint and stand behind an event that exists; None: no snapshots,
        all events.
        """
        ...

    async def commit(self, batch: Batch) -> None:
        """Write the batch in one transaction whose first statement fences.

        Raises Fenced, ClaimsRefused, Repeated, Unstorable or Unavailable. After Unavailable it is unknown whether the
        transaction was committed: take the lane again, its row knows.
        """
        ...
