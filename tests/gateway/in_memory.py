"""A system in memory behind the gateway's ports: the real deciders and projections, and switches for what can fail."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from os import urandom
from uuid import uuid4

from fastapi import FastAPI

from contracts.envelope import rfc3339
from contracts.message import Command
from contracts.outcome import EmittedEvent, Outcome, OutcomeError, content_digest
from contracts.topics import Topics
from tests.gateway.read_models_in_memory import FollowedReadModels, lane_of
from tests.gateway.recorded_history import RecordedHistory
from workers.analytics.fold import folded
from workers.analytics.published import PublishedWindows
from workers.analytics.records import window_record
from workers.command.repeats import REUSED
from workers.core.decider import Decision, Rejection
from workers.core.folding import fold
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.gateway.app import create_app
from workers.gateway.archive import Archive
from workers.gateway.backend import Backend
from workers.gateway.command_dispatcher import CommandDispatcher
from workers.gateway.guard import Guard
from workers.gateway.hosts import ANY_HOST, AllowedHosts
from workers.gateway.queries import Queries
from workers.gateway.request_body import BODY_SECONDS
from workers.ports.commands import CommandMeta, Overloaded
from workers.ports.lanes import Unavailable
from workers.ports.outcomes import CommandKey

LOOK_INTERVAL_SECONDS = 0.02
CATCH_UP_SECONDS = 0.3


def application(
    system: "SystemInMemory", hosts: AllowedHosts = ANY_HOST, *, body_seconds: float = BODY_SECONDS
) -> FastAPI:
    """A gateway of its own on a system in memory. Most tests take turns with those of serving.py."""
    return create_app(backend_of(system), hosts=hosts, body_seconds=body_seconds)


def backend_of(system: "SystemInMemory", *, rules: bool = False) -> Backend:
    """The backend of a gateway. Its tests call the gateway by names of their own."""
    projections = [projection for context in contexts().values() for projection in context.projections]
    archive = Archive(RecordedHistory(system))
    return Backend(
        CommandDispatcher(system, system, look_interval_seconds=LOOK_INTERVAL_SECONDS),
        Queries(system.read_models, Topics(), projections, streams=archive, catch_up_seconds=system.catch_up_seconds),
        system,
        archive,
        Guard(contexts(), archive, is_on=rules),
        system,
    )


class SystemInMemory:
    """`Commands`, `Outcomes` and `Passwords` in one, and the read models that follow.

    `away` are servers that do not answer; `loses_replies` handles commands without a word; `handles` may be cleared to
    leave commands in the log; `batch_time`, once set, is the time of all that happens, as in one batch.
    """

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.loses_replies = False
        self.overloaded = False
        self.catch_up_seconds = CATCH_UP_SECONDS
        self.handles = True
        self.batch_time: datetime | None = None
        self.read_models = FollowedReadModels(lambda: self.away)
        self.sent: list[tuple[Command, CommandMeta]] = []
        self.handled: dict[CommandKey, Outcome] = {}
        self.streams: dict[tuple[str, str], list[Recorded]] = {}
        self.claims: dict[tuple[str, str, str], str] = {}
        self.log: list[Recorded] = []
        self.passwords: list[str] = []

    async def published(self) -> PublishedWindows:
        """The windows of all that was recorded, as one lane of each context would have published them."""
        self._reach("Kafka")
        windows = PublishedWindows()
        for context in contexts().values():
            own = [recorded for recorded in self.log if recorded.event.context == context.name]
            lane = folded(
                context.analytics.series,
                (recorded._replace(sequence=number) for number, recorded in enumerate(own, start=1)),
            )
            series = {series.name: series for series in context.analytics.series}
            for key in lane.windows:
                record = window_record(series[key.series], 0, 1, lane, key, is_closed=False)
                windows.apply(0, record.key, record.value)
        return windows

    async def check(self) -> None:
        self._reach("Kafka")

    async def ask(self, command: Command, meta: CommandMeta, wait_seconds: float) -> Outcome | None:
        self._reach("Kafka")
        if self.overloaded:
            raise Overloaded("commands", 1)
        self.sent.append((command, meta))
        if self.handles:
            outcome = self.handle(command, meta)
            if not self.loses_replies:
                return outcome
        await asyncio.sleep(wait_seconds)
        return None

    async def outcome(self, key: CommandKey) -> bytes | None:
        self._reach("Postgres")
        outcome = self.handled.get(key)
        return None if outcome is None else outcome.to_json()

    async def outcomes(self, command_id: str, limit: int) -> Sequence[bytes]:
        self._reach("Postgres")
        found = [outcome for key, outcome in self.handled.items() if key.command_id == command_id]
        return [outcome.to_json() for outcome in found[:limit]]

    async def hashed(self, password: str, salt: bytes | None = None) -> str:
        self.passwords.append(password)
        made = sha256((salt or urandom(16)) + password.encode()).hexdigest()
        return f"$argon2id$v=19$m=65536,t=3,p=4$c2FsdC1mb3ItdGVzdHM${made}"

    def handle(self, command: Command, meta: CommandMeta) -> Outcome:
        """What a command worker does, for one command."""
        key = CommandKey(command.context, command.stream_id, meta.command_id)
        earlier = self.handled.get(key)
        if earlier is not None:
            return earlier if earlier.is_of(command) else self._handled(command, meta, REUSED)
        outcome = self.handled[key] = self._handled(command, meta)
        return outcome

    def _handled(self, command: Command, meta: CommandMeta, rejection: Rejection | None = None) -> Outcome:
        history = self.streams.setdefault((command.context, command.stream_id), [])
        answer = rejection or self._decided(command, meta, history)
        lane = self.read_models.lanes.setdefault((command.context, lane_of(command.stream_id)), [])
        recorded = []
        for event in answer.events if isinstance(answer, Decision) else ():
            place, now = len(lane) + 1, rfc3339(self.batch_time or datetime.now(UTC))
            entry = Recorded(
                event, str(uuid4()), event.stream_id, len(history) + 1, place, now, meta.correlation_id, meta.actor
            )
            recorded.append(entry)
            for kept in (history, lane, self.log):
                kept.append(entry)
        rejection = answer if isinstance(answer, Rejection) else None
        return Outcome(
            command_id=meta.command_id,
            type=command.type,
            status="rejected" if rejection else "accepted",
            stream_id=command.stream_id,
            stream_version=len(history),
            partition=lane_of(command.stream_id),
            sequence=len(lane),
            events=tuple(EmittedEvent(event_id=emitted.event_id, type=emitted.event.type) for emitted in recorded),
            error=OutcomeError(**rejection._asdict()) if rejection else None,
            correlation_id=meta.correlation_id,
            handled_at=datetime.now(UTC),
            content_digest=content_digest(command.to_json()),
        )

    def _decided(self, command: Command, meta: CommandMeta, history: list[Recorded]) -> Decision | Rejection:
        decider = contexts()[command.context].decider
        state = fold(decider, (recorded.event for recorded in history))
        answer = decider.decide(state, command)
        if meta.expected_version not in {None, len(history)}:
            details = {"expected": meta.expected_version, "actual": len(history)}
            return Rejection("VersionConflict", "The stream has another version.", details)
        if isinstance(answer, Rejection):
            return answer
        for claim in answer.claims:
            if self.claims.get((command.context, claim.scope, claim.key), command.stream_id) != command.stream_id:
                return claim.rejection
        self.claims |= {(command.context, claim.scope, claim.key): command.stream_id for claim in answer.claims}
        for release in answer.releases:
            self.claims.pop((command.context, release.scope, release.key), None)
        return answer

    def _reach(self, server: str) -> None:
        if server in self.away:
            raise Unavailable(server, "connection to 10.1.2.3 refused")

    def state(self) -> Mapping[str, int]:
        """How many commands were sent and handled: what a refused request must leave as it was."""
        return {"sent": len(self.sent), "handled": len(self.handled)}
