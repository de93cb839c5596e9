"""Rows of the database as a verification reads them. Times in text are RFC 3339 in UTC, as `contracts.envelope.rfc3339`
writes them; `data` and `state` are UTF-8 JSON.
"""

from datetime import datetime
from typing import NamedTuple

from workers.ports.event_store import EventRow
from workers.ports.parked import ParkedStream
from workers.ports.sagas import DeadlineRow, Following, JournalRow, StepRow


class LaneSequence(NamedTuple):
    """A lane of commands, by the topic that it reads, and the last sequence that it has handed out (0: none)."""

    topic: str
    partition: int
    sequence: int


class LaneOffset(NamedTuple):
    """A lane of commands: the offset that it reads next, and the id of the topic in which it does ("": not known)."""

    partition: int
    consumed: int
    topic_id: str


class OpenInterruption(NamedTuple):
    """An interruption of a lane that no operator has acknowledged. The lane stood at the offset `consumed`; the topic
    reached from `start_offset` to before `end_offset`.
    """

    role: str
    topic: str
    partition: int
    kind: str
    noticed_at: datetime
    consumed: int
    start_offset: int
    end_offset: int


class ClaimRow(NamedTuple):
    """A unique claim of a context, and the stream that holds it."""

    scope: str
    key: str
    stream_id: str


class SnapshotOfStream(NamedTuple):
    """A stream's snapshot as it is stored, perhaps changed since. `event_id` is the id of the event with the snapshot's
    stream version; None: there is no such event.
    """

    stream_id: str
    stream_version: int
    event_id: str | None
    fingerprint: str
    digest: str
    state: bytes


class SagaLanePosition(NamedTuple):
    """A lane of sagas: the last sequence of the event log that it has handled, and how many steps it has decided (the
    position of the last one in its outbox).
    """

    partition: int
    input_sequence: int
    position: int


class SagaBeginning(NamedTuple):
    """In this partition of the topic a saga follows this type of event only behind the sequence `after_sequence`."""

    partition: int
    following: Following
    after_sequence: int


class ParkedInLane(NamedTuple):
    """A stream that is parked by a saga, in the lane of this partition."""

    partition: int
    stream: ParkedStream


class SagaInstance(NamedTuple):
    """An instance as it is stored, and when it began. The ids of the steps that its first `seeded_to` events led to are
    derived from the secret `seed` (None: those of all events), those of later steps from public things.
    """

    version: int
    status: str
    state: bytes
    correlation_id: str
    started_at: datetime
    seed: str | None = None
    seeded_to: int | None = None


class ListedSagaInstance(NamedTuple):
    """An instance that is stored, or has a journal, or both. `stored` is None when only a journal is there."""

    instance_id: str
    stored: SagaInstance | None


class JournalEntry(NamedTuple):
    """An entry of an instance's journal, when it was written, and the event that stands in the table at the entry's
    context, partition and sequence; None: there is none, or the entry is an internal event (sequence 0).
    """

    row: JournalRow
    applied_at: datetime
    event: EventRow | None


class OutboxStep(NamedTuple):
    """A step in the outbox of a lane (of the topic of events `topic`), and the outcome of its command.

    `status`, `code` and `handled_at` are None while there is no outcome; so they are when another command was handled
    under the step's command id. `code` is the error's code, or the status when there is no error. `unchanged`: the
    command was accepted without events. `waits`: an answer that is no event, a rejection or that nothing was changed,
    waits for the instance.
    """

    topic: str
    partition: int
    row: StepRow
    status: str | None
    code: str | None
    handled_at: str | None
    waits: bool
    unchanged: bool


class StreamCommand(NamedTuple):
    """A command of a context by its stream and its id (a UUID)."""

    stream_id: str
    command_id: str


class StepOutcome(NamedTuple):
    """The outcome of a step's command: its status, None when it has none. `id_used_by_another`: another command of its
    stream was handled under the step's command id; `status` is None then.
    """

    command_id: str
    status: str | None
    id_used_by_another: bool


class StoredDeadline(NamedTuple):
    """A deadline that waits, in the lane of this partition of the topic of events `topic`."""

    topic: str
    partition: int
    row: DeadlineRow


class OverdueDeadline(NamedTuple):
    """A deadline that was due at `due_at` and still waits."""

    saga: str
    instance_id: str
    name: str
    due_at: str


class OverdueAnswer(NamedTuple):
    """An answer to a step that still waits for its instance: a rejection with its code, or, with None, an acceptance
    that changed nothing. The step's command was handled at `handled_at`.
    """

    saga: str
    instance_id: str
    step: str
    code: str | None
    handled_at: str


class StrayAnswer(NamedTuple):
    """An answer that waits for a step that is not in the outbox. `code` is None for an acceptance without a change."""

    topic: str
    partition: int
    position: int
    code: str | None


class StrayDeadline(NamedTuple):
    """A deadline of an instance that is not stored and has no journal."""

    saga: str
    instance_id: str
    name: str


class EventApplied(NamedTuple):
    """How many entries of an instance's journal are this event; at least 1."""

    saga: str
    instance_id: str
    event_id: str
    times: int
