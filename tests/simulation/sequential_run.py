"""What the commands of a schedule must have led to: one after the other, in the order in which they were committed."""

from datetime import datetime

from contracts.outcome import Outcome, OutcomeError, content_digest
from tests.command.one_at_a_time import Asked, OneAtATime, Written
from tests.simulation.commands import BEGIN
from workers.command.reading import Request
from workers.core.decider import Decision, Rejection
from workers.domain import contexts

RejectedClaims = frozenset[tuple[str, str]]
# The messages of these codes are the loop's own, and may change.
MESSAGE_MAY_DIFFER = ("Expired", "VersionConflict")


class OneAtATimeWithRejectedClaims(OneAtATime):
    """One command at a time. Some claims are known to be rejected."""

    def at(self, now: datetime, rejected: RejectedClaims) -> None:
        """Go on at this time; `rejected` are claims that other streams held some time before it."""
        self._now = now
        self._rejected_claims = rejected

    def _answer(self, asked: Asked) -> Decision | Rejection:
        answer = super()._answer(asked)
        if isinstance(answer, Decision):
            for claim in answer.claims:
                if (claim.scope, claim.key) in self._rejected_claims:
                    return claim.rejection
        return answer


class SequentialRun:
    """Both lanes of the users context, one command at a time.

    The order is that of the commits, with one exception: a batch is decided again when the database rejects a claim,
    and committed a moment later. By then the other lane may have released the value; the command is rejected all the
    same, which is what it would have been a moment before.
    """

    def __init__(self) -> None:
        self.alone = OneAtATimeWithRejectedClaims(contexts()["users"].decider, BEGIN, {})
        self.partitions: dict[str, int] = {}

    def outcome(self, request: Request, partition: int, now: datetime, rejected: RejectedClaims) -> Outcome:
        """The command's outcome, when it is handled next, at the database's time `now`."""
        envelope = request.envelope
        self.alone.at(now, rejected)
        self.partitions[envelope.subject] = partition
        expired = envelope.expires_at is not None and envelope.expires_at < now
        if request.command is None or expired:
            rejection = Rejection("Expired", "") if expired else request.rejection
            assert rejection is not None
            outcome = self._rejected(request, rejection, now)
        else:
            asked = Asked(
                envelope.id,
                request.command,
                envelope.correlation_id,
                envelope.expected_version,
                envelope.expires_at,
            )
            outcome = self.alone.handle(asked)
        return outcome.model_copy(update={"partition": partition, "sequence": len(self.events(partition))})

    def events(self, partition: int) -> list[Written]:
        """One lane's events, numbered as its own."""
        own = [event for event in self.alone.events if self.partitions[event.stream_id] == partition]
        return [event._replace(sequence=number) for number, event in enumerate(own, start=1)]

    def _rejected(self, request: Request, rejection: Rejection, now: datetime) -> Outcome:
        envelope = request.envelope
        return Outcome(
            command_id=envelope.id,
            type=envelope.type,
            status="rejected",
            stream_id=envelope.subject,
            stream_version=self.alone.version(envelope.subject),
            partition=0,
            sequence=0,
            events=(),
            error=OutcomeError(code=rejection.code, message=rejection.message, details=rejection.details),
            correlation_id=envelope.correlation_id,
            handled_at=now,
            content_digest=content_digest(request.record.value or b""),
        )


def without_message(outcome: Outcome) -> Outcome:
    """The outcome without a message of the loop's own."""
    error = outcome.error
    if error is None or error.code not in MESSAGE_MAY_DIFFER:
        return outcome
    return outcome.model_copy(update={"error": OutcomeError(code=error.code, message="", details=error.details)})
