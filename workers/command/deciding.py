"""Decides one batch: commands in; events, outcomes, claims and answers out. Pure: time and stored outcomes are inputs.

Commands are decided in the order of the lane; each sees the effects of those before it. A command that was handled
before, in an earlier batch or in this one, gets its first outcome again. Another command with the id of a handled one
is rejected; this rejection is answered and not stored, as the outcome of the first command is (repeats.py). That of a
command that its sender may not send is stored under an id of its own (refusals.py).
"""

from collections.abc import Sequence
from typing import Any

import orjson
from uuid_utils import UUID, uuid5

from contracts.outcome import Status, content_digest
from workers.command.batch_decision import Answer, BatchDecision, BatchInput, Events
from workers.command.claims import ClaimBook
from workers.command.reading import DeadLetter, Request
from workers.command.refusals import refusal_id
from workers.command.repeats import REUSED, is_repeat
from workers.command.streams import Versioned
from workers.core.access import Access
from workers.core.decider import Decider, Decision, Rejection
from workers.core.folding import fold_onto
from workers.ports.event_store import CredentialRow, EventRow
from workers.ports.outcomes import OutcomeRow


class BatchDecider:
    """Decides one batch once. Each further attempt needs a new one."""

    def __init__(self, decider: Decider[Any], batch_input: BatchInput, access: Access | None = None) -> None:
        """`access` says who may send what; None: everybody may everything."""
        self._decider = decider
        self._access = access
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
        access = self._access
        for request in requests:
            stream_id = request.envelope.subject
            current = self._streams.get(stream_id) or self._input.streams[stream_id]
            key = stream_id, request.envelope.id
            outcome = self._outcome_of.get(key)
            if (
                access is not None
                and not access.may_command(request.principal, request.command, stream_id, current.state)
                and (refusal := _refusal(request, access)) is not None
            ):
                outcome = self._refuse(request, refusal)
            elif outcome is None:
                outcome = self._outcome_of[key] = self._handle(request, current)
            elif is_repeat(request, _json(outcome)):
                self._repeated += 1
            else:
                self._reused.append(request)
                outcome = self._outcome(request, "rejected", current.version, (), REUSED)
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

    def _handle(self, request: Request, current: Versioned) -> OutcomeRow:
        stream_id = request.envelope.subject
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

    def _refuse(self, request: Request, refusal: Rejection) -> OutcomeRow:
        """The outcome for a sender who may not send this. It tells nothing of the stream."""
        outcome = self._outcome(request, "rejected", 0, (), refusal)
        stored = outcome._replace(command_id=refusal_id(outcome.command_id, request.record))
        key = stored.stream_id, stored.command_id
        if key in self._outcome_of:
            self._repeated += 1
        else:
            self._outcome_of[key] = stored
            self._count(request, "rejected", refusal)
            self._outcomes.append(stored)
        return outcome

    def _count(self, request: Request, status: Status, error: Rejection | None) -> None:
        kind = (request.envelope.type, status, "" if error is None else error.code)
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def _fail(self, request: Request, version: int, error: Exception) -> OutcomeRow:
        # The text of the exception may contain data of the command, so only its type is stored.
        self._failures.append(DeadLetter(request.record, "HandlerFailed", f"{type(error).__name__} while deciding"))
        failure = Rejection("HandlerFailed", "a fault of the worker; the command is kept in the dead letters")
        return self._conclude(request, "failed", version, (), failure)

    def _decision(self, request: Request, current: Versioned) -> Decision | Rejection:
        envelope, command, rejection = request.envelope, request.command, request.rejection
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
        self._count(request, status, error)
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


def _refusal(request: Request, access: Access) -> Rejection | None:
    """What the sender of a request who may not have it decided is told; None: the answer of the stream."""
    command = request.command
    if command is None:  # what it would be cannot be told, nor then whether its sender would be the owner
        return None if access.may_send(request.principal, request.envelope.type) else request.rejection
    return access.refusal(command, request.unproven)


def _json(outcome: bytes | OutcomeRow) -> bytes:
    return outcome if isinstance(outcome, bytes) else outcome.outcome


def derived_event_id(command_id: str, context: str, stream_id: str, place: int) -> str:
    """The id of the event at `place` (from 0) of a command: UUID version 5 of `context/stream id/place`, in the
    command id's namespace. A command of another stream may have the same id: its events have ids of their own.
    """
    return str(uuid5(UUID(command_id), f"{context}/{stream_id}/{place}"))
