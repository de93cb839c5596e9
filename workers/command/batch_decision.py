"""What a batch is decided on, and what comes of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from workers.command.claims import Key, NotHeld
from workers.command.reading import DeadLetter, Request
from workers.command.streams import Versioned
from workers.ports.event_store import ClaimToAcquire, ClaimToSettle, CredentialRow, EventRow, SnapshotRow
from workers.ports.outcomes import OutcomeRow

Events = Sequence[tuple[str, str]]
"""The ids and wire types of a command's events."""


class BatchInput(NamedTuple):
    """What a batch is decided on. `sequence` is the last one handed out before it; `streams` has every stream that its
    commands are about; `stored_outcomes` are those of commands handled before, by stream id and command id.

    `rejected_claims`, `claims_not_held` and `unstorable` (command ids) are what earlier attempts at the batch have
    shown.
    """

    context: str
    partition: int
    sequence: int
    now: datetime
    stored_outcomes: Mapping[tuple[str, str], bytes]
    streams: Mapping[str, Versioned]
    rejected_claims: frozenset[Key]
    unstorable: frozenset[str]
    claims_not_held: frozenset[NotHeld] = frozenset()


class Answer(NamedTuple):
    """A request whose sender waits for a reply, and its outcome, as JSON."""

    request: Request
    outcome: bytes


class BatchDecision(NamedTuple):
    """The result of a batch, if it can be committed. `counts` are outcomes by type, status and code; `reused` are the
    commands with the id of another one.
    """

    outcomes: Sequence[OutcomeRow]
    events: Sequence[EventRow]
    claims_to_acquire: Sequence[ClaimToAcquire]
    claims_to_settle: Sequence[ClaimToSettle]
    credentials: Sequence[CredentialRow]
    answers: Sequence[Answer]
    failures: Sequence[DeadLetter]
    streams: Mapping[str, Versioned]
    sequence: int
    repeated: int
    counts: Mapping[tuple[str, str, str], int]
    now: datetime
    snapshots: Sequence[SnapshotRow] = ()
    reused: Sequence[Request] = ()
