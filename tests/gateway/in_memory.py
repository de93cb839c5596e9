"""A system in memory behind the gateway's ports: the real deciders and projections, and switches for what can fail."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from fastapi import FastAPI

from contracts.envelope import rfc3339
from contracts.message import Command, Event
from contracts.outcome import EmittedEvent, Outcome, OutcomeError
from contracts.topics import Topics
from workers.core.decider import Decision, Rejection
from workers.core.projection import Document, Index
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.gateway.app import create_app
from workers.gateway.asking import Asking
from workers.gateway.backend import Backend
from workers.gateway.queries import Queries
from workers.ports.commands import CommandMeta, Overloaded
from workers.ports.lanes import Unavailable
from workers.ports.read_models import Page

PARTITION = 3
LOOK_INTERVAL_SECONDS = 0.02
CATCH_UP_SECONDS = 0.3


def application(system: "SystemInMemory") -> FastAPI:
    """The gateway on a system in memory."""
    projections = [projection for context in contexts().values() for projection in context.projections]
    backend = Backend(
        Asking(system, system, look_interval_seconds=LOOK_INTERVAL_SECONDS),
        Queries(system, Topics(), projections, catch_up_seconds=CATCH_UP_SECONDS),
        system,
    )
    return create_app(backend)


class SystemInMemory:
    """`Commands`, `Outcomes`, `ReadModels` and `Passwords` in one.

    `away` are servers that do not answer; `loses_replies` handles commands without a word; `handles` may be cleared to
    leave commands in the log; `projects` may be cleared to leave the read models behind.
    """

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.loses_replies = False
        self.overloaded = False
        self.handles = True
        self.projects = asyncio.Event()
        self.projects.set()
        self.sent: list[tuple[Command, CommandMeta]] = []
        self.outcomes: dict[str, Outcome] = {}
        self.streams: dict[str, list[Event]] = {}
        self.claims: dict[tuple[str, str], str] = {}
        self.log: list[Recorded] = []
        self.applied = 0
        self.cards: dict[str, Document] = {}
        self.passwords: list[str] = []

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

    async def outcome(self, command_id: str) -> bytes | None:
        self._reach("Postgres")
        found = self.outcomes.get(command_id)
        return None if found is None else found.to_json()

    async def document(self, projection: str, document_id: str) -> Document | None:
        self._reach("Redis")
        await self._project()
        return self.cards.get(document_id)

    async def find(self, projection: str, index: Index | None, limit: int, after: str | None) -> Page:
        self._reach("Redis")
        await self._project()
        indexes = contexts()["users"].projections[0].indexes
        found = [
            card
            for identity, card in sorted(self.cards.items())
            if identity > (after or "") and (index is None or index in indexes(card))
        ]
        page = found[:limit]
        return Page(page, page[-1]["user_id"] if len(found) > limit else None)

    async def reached(self, projection: str, topic: str, partition: int) -> int:
        self._reach("Redis")
        await self._project()
        return self.applied

    async def hashed(self, password: str) -> str:
        self.passwords.append(password)
        return "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"

    def handle(self, command: Command, meta: CommandMeta) -> Outcome:
        """What a command worker does, for one command."""
        if meta.command_id not in self.outcomes:
            self.outcomes[meta.command_id] = self._handled(command, meta)
        return self.outcomes[meta.command_id]

    def _handled(self, command: Command, meta: CommandMeta) -> Outcome:
        decider = contexts()[command.context].decider
        history = self.streams.setdefault(command.stream_id, [])
        state = decider.initial
        for event in history:
            state = decider.evolve(state, event)
        answer: Decision | Rejection = decider.decide(state, command)
        if meta.expected_version not in {None, len(history)}:
            answer = Rejection("VersionConflict", "The stream has another version.")
        if isinstance(answer, Decision):
            taken = (
                claim for claim in answer.claims if self.claims.get(claim[:2], command.stream_id) != command.stream_id
            )
            answer = next((claim.refusal for claim in taken), answer)
        events = answer.events if isinstance(answer, Decision) else ()
        if isinstance(answer, Decision):
            self.claims |= {claim[:2]: command.stream_id for claim in answer.claims}
            for release in answer.releases:
                self.claims.pop((release.scope, release.key), None)
        for event in events:
            history.append(event)
            now = rfc3339(datetime.now(UTC))
            self.log.append(
                Recorded(
                    event, str(uuid4()), event.stream_id, len(history), len(self.log) + 1, now, meta.correlation_id
                )
            )
        rejection = answer if isinstance(answer, Rejection) else None
        return Outcome(
            command_id=meta.command_id,
            type=command.type,
            status="rejected" if rejection else "accepted",
            stream_id=command.stream_id,
            stream_version=len(history),
            partition=PARTITION,
            sequence=len(self.log),
            events=tuple(EmittedEvent(event_id=str(uuid4()), type=event.type) for event in events),
            error=OutcomeError(code=rejection.code, message=rejection.message) if rejection else None,
            correlation_id=meta.correlation_id,
            handled_at=datetime.now(UTC),
        )

    async def _project(self) -> None:
        if not self.projects.is_set():
            return
        projection = contexts()["users"].projections[0]
        for recorded in self.log[self.applied :]:
            card = projection.evolve(self.cards.get(recorded.stream_id), recorded)
            if card is None:
                self.cards.pop(recorded.stream_id, None)
            else:
                self.cards[recorded.stream_id] = card
        self.applied = len(self.log)

    def _reach(self, server: str) -> None:
        if server in self.away:
            raise Unavailable(server, "connection to 10.1.2.3 refused")

    def state(self) -> Mapping[str, int]:
        """How many commands were sent and handled: what a refused request must leave as it was."""
        return {"sent": len(self.sent), "handled": len(self.outcomes)}
