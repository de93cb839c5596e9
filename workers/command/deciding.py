"""Decides one batch: commands in; events, outcomes, claims and answers out. Pure: time and stored outcomes are inputs.

Commands are decided in the order of the lane; each sees the effects of those before it. A command that was handled
before, in an earlier batch or in this one, gets its first outcome again. Another command with the id of a handled one
is rejected; this rejection is answered and not stored, as the outcome of the first command is (repeats.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from uuid_utils import UUID, uuid5

from contracts.outcome import Status, content_digest
from workers.command.claims import ClaimBook, Key, NotHeld
from workers.command.reading import DeadLetter, Request
from workers.command.repeats import REUSED, is_repeat
from workers.command.streams import Versioned
from workers.core.decider import Decider, Decision, Rejection
from workers.core.folding import fold_onto
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


class BatchDecider:
    """Decides one batch once. Each further attempt needs a new one."""

    def __init__(self, decider: Decider[Any], batch_input: BatchInput) -> None:
        self._decider = decider
        self._input = batch_input
        self._sequence = batch_input.sequence
        self._claims = ClaimBook(batch_input.rejected_claims, batch_input.claims_not_held)
        self._streams: dict[str, Versioned] = {}
        self._credentials: dict[str, CredentialRow] = {}
        self._outcomes: list[OutcomeRow] = []
        self._events: list[EventRow] = []
        self._answers: list[Answer] = []
        self._failures: list[DeadLetter] = []
        self._outcome_of: dict[tuple[str, str], bytes | OutcomeRow] = dict(batch_input.stored_outcomes)
        self._repeated = 0
        self._reused: list[Request] = []
        self._counts: dict[tuple[str, str, str], int] = {}

    def decide(self, requests: Sequence[Request]) -> BatchDecision:
        """The decision on the whole batch."""
        for request in requests:
            key = request.envelope.subject, request.envelope.id
            outcome = self._outcome_of.get(key)
            if outcome is None:
                outcome = self._outcome_of[key] = self._handle(request)
            elif is_repeat(request, _json(outcome)):
                self._repeated += 1
            else:
                self._reused.append(request)
                outcome = self._outcome(request, "rejected", self._current(request).version, (), REUSED)
            if request.envelope.reply_to is not None:
                self._answers.append(Answer(request, _json(outcome)))
        return BatchDecision(
            self._outcomes,
            self._events,
            self._claims.claims_to_acquire(),
            self._claims.claims_to_settle(),
            list(self._credentials.values()),
            self._answers,
            self._failures,
            self._streams,
            self._sequence,
            self._repeated,
            self._counts,
            self._input.now,
            reused=self._reused,
        )

    def _current(self, request: Request) -> Versioned:
        stream_id = request.envelope.subject
        return self._streams.get(stream_id) or self._input.streams[stream_id]

    def _handle(self, request: Request) -> OutcomeRow:
        stream_id = request.envelope.subject
        current = self._current(request)
        try:
            decision = self._decision(request, current)
            events = decision.events if isinstance(decision, Decision) else ()
            state = fold_onto(self._decider, current.state, events)
        except Exception as error:  # noqa: BLE001  # a bug in a domain must not stop the lane
            return self._fail(request, current.version, error)
        if isinstance(decision, Decision):
            # Not before: a claim of a command that failed would stay in the book.
            decision = self._claims.admit(stream_id, decision) or decision
        if isinstance(decision, Rejection):
            try:
                return self._conclude(request, "rejected", current.version, (), decision)
            except orjson.JSONEncodeError as error:  # its details
                return self._fail(request, current.version, error)
        version = current.version + len(decision.events)
        emitted = self._record(request, decision, current.version)
        self._streams[stream_id] = Versioned(version, state, current.snapshot_version)
        if decision.credential is not None:
            self._credentials[stream_id] = CredentialRow(stream_id, decision.credential.secret)
        return self._conclude(request, "accepted", version, emitted, None)

    def _fail(self, request: Request, version: int, error: Exception) -> OutcomeRow:
        # The text of the exception may contain data of the command, so only its type is stored.
        self._failures.append(DeadLetter(request.record, "HandlerFailed", f"{type(error).__name__} while deciding"))
        failure = Rejection("HandlerFailed", "a fault of the worker; the command is kept in the dead letters")
        return self._conclude(request, "failed", version, (), failure)

    def _decision(self, request: Request, current: Versioned) -> Decision | Rejection:
        _, envelope, command, rejection = request
        if envelope.expires_at is not None and envelope.expires_at < self._input.now:
            return Rejection("Expired", "the command arrived after its ce_expiresat and was not run")
        if rejection is not None:
            return rejection
        if envelope.id in self._input.unstorable:
            return Rejection("ValidationFailed", "the command contains a value that cannot be stored", [])
        expected = envelope.expected_version
        if expected is not None and expected != current.version:
            return Rejection(
                "VersionConflict",
                f"the stream is at version {current.version}, not {expected}",
                {"expected": expected, "actual": current.version},
            )
        assert command is not None
        return self._decider.decide(current.state, command)

    def _record(self, request: Request, decision: Decision, version: int) -> Events:
        command_id, _, _, stream_id, _, correlation_id, _, traceparent, actor, *_ = request.envelope
        context, partition, now = self._input.context, self._input.partition, self._input.now
        emitted = []
        for place, event in enumerate(decision.events):
            self._sequence += 1
            event_id = derived_event_id(command_id, context, stream_id, place)
            self._events.append(
                EventRow(
                    context,
                    partition,
                    self._sequence,
                    stream_id,
                    version + place + 1,
                    event_id,
                    event.name,
                    event.schema_version,
                    event.to_json(),
                    command_id,
                    correlation_id,
                    command_id,
                    actor,
                    traceparent,
                    now,
                )
            )
            emitted.append((event_id, event.type))
        return emitted

    def _conclude(
        self, request: Request, status: Status, version: int, events: Events, error: Rejection | None
    ) -> OutcomeRow:
        outcome = self._outcome(request, status, version, events, error)
        kind = (request.envelope.type, status, "" if error is None else error.code)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._outcomes.append(outcome)
        return outcome

    def _outcome(
        self, request: Request, status: Status, version: int, events: Events, error: Rejection | None
    ) -> OutcomeRow:
        envelope, batch_input = request.envelope, self._input
        return OutcomeRow(
            envelope.id,
            envelope.type,
            batch_input.context,
            envelope.subject,
            status,
            version,
            batch_input.partition,
            self._sequence,
            events,
            None if error is None else orjson.dumps(error._asdict()),
            envelope.correlation_id,
            envelope.causation_id,
            envelope.actor,
            batch_input.now,
            content_digest(request.record.value or b""),
        )


def _json(outcome: bytes | OutcomeRow) -> bytes:
    return outcome if isinstance(outcome, bytes) else outcome.outcome


def derived_event_id(command_id: str, context: str, stream_id: str, place: int) -> str:
    """The id of the event at `place` (from 0) of a command: UUID version 5 of `context/stream id/place`, in the
    command id's namespace. A command of another stream may have the same id: its events have ids of their own.
    """
    return str(uuid5(UUID(command_id), f"{context}/{stream_id}/{place}"))
