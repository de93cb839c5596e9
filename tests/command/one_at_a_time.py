"""What commands must lead to, written the slow and plain way: one after the other, each upon all that went before."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from contracts.message import Command
from contracts.outcome import IDEMPOTENCY_KEY_REUSED, EmittedEvent, Outcome, OutcomeError, Status, content_digest
from workers.core.decider import Decider, Decision, Rejection
from workers.testing.scenarios import through_json


class Asked(NamedTuple):
    """A command with those of its headers that decide."""

    id: str
    command: Command
    correlation_id: str
    expected_version: int | None = None
    expires_at: datetime | None = None


class Written(NamedTuple):
    """An event as it must stand in the table."""

    sequence: int
    stream_id: str
    stream_version: int
    event_id: str
    type: str
    data: bytes


class OneAtATime:
    """One lane that starts with other streams' unique_claims and nothing else."""

    def __init__(self, decider: Decider[Any], now: datetime, reserved: dict[tuple[str, str], str]) -> None:
        self.unique_claims = dict(reserved)
        self.credentials: dict[str, str] = {}
        self.events: list[Written] = []
        self.outcomes: dict[tuple[str, str], Outcome] = {}
        self._contents: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._decider = decider
        self._now = now
        self._states: dict[str, Any] = {}

    def handle(self, asked: Asked) -> Outcome:
        """The command's outcome: the first one, if it was handled before; a rejection, if another one was."""
        key, content = (asked.command.stream_id, asked.id), (asked.command.type, asked.command.to_json())
        if self._contents.setdefault(key, content) != content:
            return self._refuse(asked, Rejection(IDEMPOTENCY_KEY_REUSED, ""))
        if key not in self.outcomes:
            answer = self._answer(asked)
            self.outcomes[key] = (
                self._accept(asked, answer) if isinstance(answer, Decision) else self._refuse(asked, answer)
            )
        return self.outcomes[key]

    def version(self, stream_id: str) -> int:
        return sum(event.stream_id == stream_id for event in self.events)

    def _answer(self, asked: Asked) -> Decision | Rejection:
        stream_id = asked.command.stream_id
        version = self.version(stream_id)
        if asked.expires_at is not None and asked.expires_at < self._now:
            return Rejection("Expired", "")
        if asked.expected_version not in (None, version):
            return Rejection("VersionConflict", "", {"expected": asked.expected_version, "actual": version})
        state = self._states.get(stream_id, self._decider.initial)
        answer = self._decider.decide(state, through_json(asked.command))
        if isinstance(answer, Decision):
            for claim in answer.claims:
                if self.unique_claims.get((claim.scope, claim.key), stream_id) != stream_id:
                    return claim.rejection
        return answer

    def _accept(self, asked: Asked, decision: Decision) -> Outcome:
        stream_id = asked.command.stream_id
        for release in decision.releases:
            del self.unique_claims[release.scope, release.key]
        for claim in decision.claims:
            self.unique_claims[claim.scope, claim.key] = stream_id
        if decision.credential is not None:
            self.credentials.pop(stream_id, None)
            if decision.credential.secret is not None:
                self.credentials[stream_id] = decision.credential.secret
        emitted = []
        for place, event in enumerate(decision.events):
            event_id = str(uuid5(UUID(asked.id), f"{asked.command.context}/{asked.command.stream_id}/{place}"))
            state = self._states.get(stream_id, self._decider.initial)
            self._states[stream_id] = self._decider.evolve(state, through_json(event))
            version = self.version(stream_id) + 1
            self.events.append(Written(len(self.events) + 1, stream_id, version, event_id, event.name, event.to_json()))
            emitted.append(EmittedEvent(event_id=event_id, type=event.type))
        return self._outcome(asked, "accepted", tuple(emitted), None)

    def _refuse(self, asked: Asked, rejection: Rejection) -> Outcome:
        error = OutcomeError(code=rejection.code, message=rejection.message, details=rejection.details)
        return self._outcome(asked, "rejected", (), error)

    def _outcome(
        self, asked: Asked, status: Status, events: tuple[EmittedEvent, ...], error: OutcomeError | None
    ) -> Outcome:
        return Outcome(
            command_id=asked.id,
            type=asked.command.type,
            status=status,
            stream_id=asked.command.stream_id,
            stream_version=self.version(asked.command.stream_id),
            partition=0,
            sequence=len(self.events),
            events=events,
            error=error,
            correlation_id=asked.correlation_id,
            handled_at=self._now,
            content_digest=content_digest(asked.command.to_json()),
        )
