"""Dead letters sent again: what it would do, and doing it.

Order: what is sent is recorded first, so that no command ever goes out of which nobody knows. A crash in between is
harmless: the letter stands as retried, and a retry of it sends the same command id, which has one outcome at most.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contracts.catalogue import Catalogue
from contracts.outcome import Outcome, Status
from contracts.topics import Topics
from infra.kafka.message_sender import KafkaMessageSender
from infra.postgres.attempts import CommandAttempts
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.lists import listed
from infra.postgres.pool import Database
from workers.command.reading import Request
from workers.core.context import Context
from workers.dead_letters.foreseeing import Foreseen, Foresight, foreseen, read_again
from workers.dead_letters.letter import Letter
from workers.dead_letters.resending import Attempt, Handled, next_attempt, record_again
from workers.ports.interventions import Reason
from workers.ports.log import OutboundRecord

LOOK_INTERVAL_SECONDS = 0.2


class Plan(NamedTuple):
    """What a retry comes to. `request` is None for what is no command, `attempt` when nothing is to be sent."""

    letter: Letter
    request: Request | None
    attempt: Attempt | None
    foreseen: Foreseen


class Retrying:
    """Retries on located servers. `foresee` reads only; `send` needs a database in the role `annals_writer`."""

    def __init__(
        self,
        database: Database,
        sender: KafkaMessageSender,
        topics: Topics,
        contexts: Mapping[str, Context],
        known: Catalogue,
    ) -> None:
        self._database = database
        self._store = PostgresEventStore(database)
        self._attempts = CommandAttempts(database)
        self._sender = sender
        self._topics = topics
        self._contexts = contexts
        self._known = known

    async def foresee(self, letter: Letter) -> Plan:
        """What a retry of the letter would do now. Raises Unavailable."""
        context = self._topics.context_of(letter.place.topic)
        request = read_again(letter, self._known.commands, context)
        if isinstance(request, Foreseen):
            return Plan(letter, None, None, request)
        root_id, earlier = await self._attempts.of(request.envelope.id)
        current = earlier[-1] if earlier else root_id
        known = await self._store.look_up(context, [current], [request.envelope.subject])
        outcomes = {each: Outcome.model_validate_json(outcome) for each, outcome in known.outcomes.items()}
        attempt = next_attempt(root_id, earlier, _statuses(outcomes))
        if isinstance(attempt, Handled):
            handled = Foreseen("handled", attempt.status, _said(outcomes[attempt.command_id]))
            return Plan(letter, request, None, handled)
        foresight = Foresight(self._contexts[context].decider, context, known.events, self._known.events)
        refused: frozenset[tuple[str, str]] = frozenset()
        while True:
            draft = foresight.decided(request, known.now, refused)
            if isinstance(draft, Foreseen):
                return Plan(letter, request, attempt, draft)
            # As in the worker's commit: what is to be acquired and is held already is refused.
            held = await self._held(context, [(claim.scope, claim.key) for claim in draft.claims_to_acquire])
            if held <= refused:
                return Plan(letter, request, attempt, foreseen(draft))
            refused |= held

    async def _held(self, context: str, keys: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        if not keys:
            return frozenset()
        scopes, texts = listed([scope for scope, _ in keys]), listed([key for _, key in keys])
        rows = await self._database.rows("unique_claims_of", context, scopes, texts)
        return frozenset((row["scope"], row["key"]) for row in rows)

    async def send(self, plans: Sequence[Plan], actor: str, reason: Reason) -> None:
        """Record and send what the plans say, in their order; also what is no command, if given. Raises Unavailable."""
        messages: list[tuple[str, int | None, OutboundRecord]] = []
        for plan in plans:
            letter, attempt = plan.letter, plan.attempt
            details = {
                "command_id": attempt and attempt.command_id,
                "root_id": attempt and attempt.root_id,
                "attempt": attempt and attempt.number,
                "dlq_reason": letter.reason,
                "foreseen": plan.foreseen.verdict,
            }
            await self._attempts.record(actor, str(letter.place), reason, details)
            envelope = plan.request.envelope if plan.request is not None else None
            messages.append((letter.place.topic, None, record_again(letter, envelope, attempt)))
        if messages:
            await self._sender.send(messages)

    async def outcomes(self, plans: Sequence[Plan], wait_seconds: float) -> dict[str, Outcome]:
        """The outcomes, by command id, that come within the time. Raises Unavailable."""
        missing = {plan.attempt.command_id for plan in plans if plan.attempt is not None}
        found: dict[str, Outcome] = {}
        deadline = time.monotonic() + wait_seconds
        while missing:
            known = await self._store.look_up("", sorted(missing), [])
            found |= {each: Outcome.model_validate_json(outcome) for each, outcome in known.outcomes.items()}
            missing -= found.keys()
            if not missing or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_INTERVAL_SECONDS)
        return found


def _statuses(outcomes: Mapping[str, Outcome]) -> dict[str, Status]:
    return {each: outcome.status for each, outcome in outcomes.items()}


def _said(outcome: Outcome) -> str:
    return "" if outcome.error is None else f"{outcome.error.code}: {outcome.error.message}"
