"""One batch, decided: commands in, rows and answers out. Pure: the database's time and the stored outcomes come in.

Commands are decided in the order of the lane; each sees the effect of those before it. A command that was handled
before, in an earlier batch or in this one, gets the outcome that it got then. Another command under its id is refused;
as the id is taken, that rejection is answered and not stored (repeats.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from uuid_utils import UUID, uuid5

from contracts.envelope import rfc3339
from contracts.outcome import Status, content_digest
from workers.command.claims import ClaimBook, Key, Unheld
from workers.command.reading import DeadLetter, Request
from workers.command.repeats import REUSED, is_repeat
from workers.command.streams import Versioned
from workers.core.decider import Decider, Decision, Rejection
from workers.ports.event_store import ClaimToAcquire, ClaimToSettle, CredentialRow, EventRow, OutcomeRow, SnapshotRow


class BatchInput(NamedTuple):
    """What a batch is decided on. `streams` holds every stream that its commands are about."""

    context: str
    partition: int
    sequence: int
    now: datetime
    known: Mapping[str, bytes]
    streams: Mapping[str, Versioned]
    refused: frozenset[Key]
    unstorable: frozenset[str]
    unheld: frozenset[Unheld] = frozenset()


class Answer(NamedTuple):
    """An outcome on its way to the one who asked."""

    request: Request
    outcome: bytes


class BatchDecision(NamedTuple):
    """What the batch leads to, if it can be committed. `counts`: outcomes by type, status and code. `reused`: commands
    under the id of another one.
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
    """Decides one batch once; a refused claim asks for a new one."""

    def __init__(self, decider: Decider[Any], situation: BatchInput) -> None:
        self._decider = decider
        self._situation = situation
        self._sequence = situation.sequence
        self._handled_at = rfc3339(situation.now)
        self._claims = ClaimBook(situation.refused, situation.unheld)
        self._streams: dict[str, Versioned] = {}
        self._credentials: dict[str, CredentialRow] = {}
        self._outcomes: list[OutcomeRow] = []
        self._events: list[EventRow] = []
        self._answers: list[Answer] = []
        self._failures: list[DeadLetter] = []
        self._given: dict[str, bytes] = dict(situation.known)
        self._repeated = 0
        self._reused: list[Request] = []
        self._counts: dict[tuple[str, str, str], int] = {}

    def decide(self, requests: Sequence[Request]) -> BatchDecision:
        """The draft of the whole batch."""
        for request in requests:
            stored = self._given.get(request.envelope.id)
            if stored is None:
                stored = self._given[request.envelope.id] = self._handle(request)
            elif is_repeat(request, stored):
                self._repeated += 1
            else:
                self._reused.append(request)
                stored = self._outcome(request, "rejected", self._current(request).version, [], REUSED)
            self._answers.append(Answer(request, stored))
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
            self._situation.now,
            reused=self._reused,
        )

    def _current(self, request: Request) -> Versioned:
        stream_id = request.envelope.subject
        return self._streams.get(stream_id) or self._situation.streams[stream_id]

    def _handle(self, request: Request) -> bytes:
        stream_id = request.envelope.subject
        current = self._current(request)
        try:
            decision = self._decision(request, current)
            state = current.state
            if isinstance(decision, Decision):
                for event in decision.events:
                    state = self._decider.evolve(state, event)
        except Exception as error:  # noqa: BLE001  # a bug in a domain must not stop the lane
            # The exception's text may hold what the command held, so only its kind is told.
            self._failures.append(DeadLetter(request.record, "HandlerFailed", f"{type(error).__name__} while deciding"))
            failure = Rejection("HandlerFailed", "a fault of ours; the command is kept in the dead letters")
            return self._conclude(request, "failed", current.version, [], failure)
        if isinstance(decision, Decision):
            # Only now: a claim of a command that failed would stay in the book.
            decision = self._claims.admit(stream_id, decision) or decision
        if isinstance(decision, Rejection):
            return self._conclude(request, "rejected", current.version, [], decision)
        version = current.version + len(decision.events)
        emitted = self._record(request, decision, current.version)
        self._streams[stream_id] = Versioned(version, state, current.snapshot_version)
        if decision.credential is not None:
            self._credentials[stream_id] = CredentialRow(stream_id, decision.credential.secret)
        return self._conclude(request, "accepted", version, emitted, None)

    def _decision(self, request: Request, current: Versioned) -> Decision | Rejection:
        envelope = request.envelope
        if envelope.expires_at is not None and envelope.expires_at < self._situation.now:
            return Rejection("Expired", "the command arrived after its ce_expiresat and was not run")
        if request.rejection is not None:
            return request.rejection
        if envelope.id in self._situation.unstorable:
            return Rejection("ValidationFailed", "the command holds a value that cannot be stored", [])
        if envelope.expected_version is not None and envelope.expected_version != current.version:
            return Rejection(
                "VersionConflict",
                f"the stream is at version {current.version}, not {envelope.expected_version}",
                {"expected": envelope.expected_version, "actual": current.version},
            )
        assert request.command is not None
        return self._decider.decide(current.state, request.command)

    def _record(self, request: Request, decision: Decision, version: int) -> list[dict[str, str]]:
        envelope, situation = request.envelope, self._situation
        emitted = []
        for place, event in enumerate(decision.events):
            self._sequence += 1
            event_id = derived_event_id(envelope.id, place)
            self._events.append(
                EventRow(
                    situation.context,
                    situation.partition,
                    self._sequence,
                    envelope.subject,
                    version + place + 1,
                    event_id,
                    event.name,
                    event.schema_version,
                    event.to_json(),
                    envelope.id,
                    envelope.correlation_id,
                    envelope.id,
                    envelope.actor,
                    envelope.traceparent,
                    situation.now,
                )
            )
            emitted.append({"event_id": event_id, "type": type(event).type})
        return emitted

    def _conclude(
        self, request: Request, status: Status, version: int, events: list[dict[str, str]], error: Rejection | None
    ) -> bytes:
        envelope, situation = request.envelope, self._situation
        kind = (envelope.type, status, "" if error is None else error.code)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        outcome = self._outcome(request, status, version, events, error)
        self._outcomes.append(
            OutcomeRow(
                envelope.id,
                envelope.type,
                situation.context,
                envelope.subject,
                status,
                situation.partition,
                self._sequence,
                envelope.correlation_id,
                envelope.causation_id,
                envelope.actor,
                situation.now,
                outcome,
            )
        )
        return outcome

    def _outcome(
        self, request: Request, status: Status, version: int, events: list[dict[str, str]], error: Rejection | None
    ) -> bytes:
        envelope = request.envelope
        # The JSON of contracts.outcome.Outcome, written without building one: this is the hot path, and a test holds
        # the two together.
        return orjson.dumps(
            {
                "command_id": envelope.id,
                "type": envelope.type,
                "status": status,
                "stream_id": envelope.subject,
                "stream_version": version,
                "partition": self._situation.partition,
                "sequence": self._sequence,
                "events": events,
                "error": None if error is None else error._asdict(),
                "correlation_id": envelope.correlation_id,
                "handled_at": self._handled_at,
                "content_digest": content_digest(request.record.value or b""),
            }
        )


def derived_event_id(command_id: str, place: int) -> str:
    """The id of a command's event at `place` (from 0): UUID version 5 of the place in the command id's namespace."""
    return str(uuid5(UUID(command_id), str(place)))
