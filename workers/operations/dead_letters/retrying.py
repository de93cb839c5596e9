"""Dead letters sent again: what it would do, and doing it.

Each letter is recorded as retried before any is sent, so no command is sent that the record does not have. A crash in
between does no harm: the letter is shown as retried, and another retry sends the same command id, which has at most one
outcome.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from contracts.catalogue import Catalogue
from contracts.identity import IdentitySource
from contracts.outcome import Outcome
from contracts.topics import Topics
from workers.command.claims import Key
from workers.command.identifying import Identify, identifying
from workers.command.reading import Request
from workers.core.access import FORBIDDEN
from workers.core.context import Context
from workers.operations.dead_letters.letter import Letter
from workers.operations.dead_letters.previewing import DryRun, RetryPreview, preview_of, read_again
from workers.operations.dead_letters.resending import Attempt, Handled, next_attempt, record_again
from workers.operations.interventions import Operator
from workers.ports.clock import WaitingClock
from workers.ports.dead_letters import DeadLetterTable
from workers.ports.event_store import EventStore
from workers.ports.log import MessageSender, OutboundRecord

LOOK_INTERVAL_SECONDS = 0.2


class RetryPlan(NamedTuple):
    """What a retry of a letter comes to. `request` is None when the letter has no readable command, `attempt` is None
    when there is no command to send.
    """

    letter: Letter
    request: Request | None
    attempt: Attempt | None
    preview: RetryPreview

    def is_sent(self, *, force: bool) -> bool:
        """Whether a retry sends the letter. With `force` it also sends what is no readable command."""
        return self.attempt is not None or (force and self.request is None)


class RetryResult(NamedTuple):
    """What became of a plan. `outcome` is None when there is none, or none yet."""

    plan: RetryPlan
    sent: bool
    outcome: Outcome | None


class Retrying:
    """Plans retries and does them. `contexts` are by name; `models` has all messages. `identities`:
    by which it is proven anew who has sent a command; None: it is not. Methods raise Unavailable.
    """

    def __init__(
        self,
        store: EventStore,
        table: DeadLetterTable,
        sender: MessageSender,
        clock: WaitingClock,
        topics: Topics,
        contexts: Mapping[str, Context],
        models: Catalogue,
        identities: IdentitySource | None = None,
    ) -> None:
        self._identities = identities
        self._store = store
        self._table = table
        self._sender = sender
        self._clock = clock
        self._topics = topics
        self._contexts = contexts
        self._models = models

    async def plan(self, letter: Letter) -> RetryPlan:
        """What a retry of the letter would do now. Changes nothing."""
        context = self._topics.context_of(letter.position.topic)
        request = read_again(letter, self._models.commands, context)
        if isinstance(request, RetryPreview):
            return RetryPlan(letter, None, None, request)
        root_id, earlier = await self._table.attempts_of(request.envelope.id)
        current = earlier[-1] if earlier else root_id
        looked_up = await self._store.look_up(
            context, [(request.envelope.subject, current)], [request.envelope.subject]
        )
        outcomes = _outcomes(looked_up.outcomes)
        attempt = next_attempt(root_id, earlier, {id_: outcome.status for id_, outcome in outcomes.items()})
        if isinstance(attempt, Handled):
            preview = RetryPreview("handled", attempt.status, _error_text(outcomes[attempt.command_id]))
            return RetryPlan(letter, request, None, preview)
        declared, sent = self._contexts[context], request
        access = None if self._identities is None else declared.access
        if self._identities is not None:
            sent = await identifying(self._identities, partial(_identified, request), even_expired=True)
        dry_run = DryRun(declared.decider, context, looked_up.events, self._models.stored_events(), access)
        refused: frozenset[Key] = frozenset()
        while True:
            decision = dry_run.decide(sent, looked_up.now, refused)
            if isinstance(decision, RetryPreview):
                return RetryPlan(letter, request, attempt, decision)
            # As in the worker's commit: claims to acquire that another stream holds are refused.
            claims = [(claim.scope, claim.key) for claim in decision.claims_to_acquire]
            holders = await self._table.claim_holders(context, claims)
            if holders.keys() <= refused:
                preview = preview_of(decision)
                # Its sender may not send it, and will not by another try: nothing would be kept under its id.
                return RetryPlan(letter, request, None if preview.name == FORBIDDEN else attempt, preview)
            refused |= holders.keys()

    async def dry_run(self, letter: Letter, *, force: bool) -> RetryResult:
        """What `retry` would do with the letter: `sent` says whether it would send it. Changes nothing."""
        plan = await self.plan(letter)
        return RetryResult(plan, plan.is_sent(force=force), None)

    async def retry(
        self, letters: Sequence[Letter], operator: Operator, *, force: bool, wait_seconds: float
    ) -> list[RetryResult]:
        """Send the letters in their order, and wait up to `wait_seconds` for the outcomes of their commands.

        All of them are in memory at once: give them in parts. `force` sends also what has no readable command.
        """
        plans = [await self.plan(letter) for letter in letters]
        sent = [plan for plan in plans if plan.is_sent(force=force)]
        await self.send(sent, operator)
        outcomes = await self.outcomes(sent, wait_seconds)
        return [
            RetryResult(
                plan,
                plan.is_sent(force=force),
                None if plan.attempt is None else outcomes.get(plan.attempt.command_id),
            )
            for plan in plans
        ]

    async def send(self, plans: Sequence[RetryPlan], operator: Operator) -> None:
        """Record all of the plans as retried, then send them in their order, also those without a readable command."""
        messages: list[tuple[str, int | None, OutboundRecord]] = []
        identities = None if self._identities is None else await self._identities.current()
        for plan in plans:
            letter = plan.letter
            await self._table.record_attempt(operator.actor, str(letter.position), operator.reason, _details(plan))
            envelope = plan.request.envelope if plan.request is not None else None
            messages.append((letter.position.topic, None, record_again(letter, envelope, plan.attempt, identities)))
        if messages:
            await self._sender.send(messages)

    async def outcomes(self, plans: Sequence[RetryPlan], wait_seconds: float) -> dict[str, Outcome]:
        """The outcomes of the plans' commands that come within the time, by command id."""
        missing: dict[str, set[tuple[str, str]]] = {}
        for plan in plans:
            if plan.attempt is not None and plan.request is not None:
                context = self._topics.context_of(plan.letter.position.topic)
                command = plan.request.envelope.subject, plan.attempt.command_id
                missing.setdefault(context, set()).add(command)
        outcomes: dict[str, Outcome] = {}
        deadline = self._clock() + wait_seconds
        while missing:
            for context, commands in list(missing.items()):
                stored = (await self._store.look_up(context, sorted(commands), [])).outcomes
                outcomes |= _outcomes(stored)
                missing[context] = commands - stored.keys()
            if not any(missing.values()) or self._clock() > deadline:
                break
            await self._clock.sleep(LOOK_INTERVAL_SECONDS)
        return outcomes


def _identified(request: Request, identify: Identify) -> Request:
    envelope, principal, unproven = identify(request.envelope, request.record.value or b"", None)
    return request._replace(envelope=envelope, principal=principal, unproven=unproven)


def _details(plan: RetryPlan) -> dict[str, Any]:
    attempt = plan.attempt
    return {
        "command_id": attempt and attempt.command_id,
        "root_id": attempt and attempt.root_id,
        "attempt": attempt and attempt.number,
        "dlq_reason": plan.letter.reason,
        "preview": plan.preview.verdict,
    }


def _outcomes(stored: Mapping[tuple[str, str], bytes]) -> dict[str, Outcome]:
    """By command id: those of retries are derived, so no two are the same."""
    return {command_id: Outcome.model_validate_json(outcome) for (_, command_id), outcome in stored.items()}


def _error_text(outcome: Outcome) -> str:
    return "" if outcome.error is None else f"{outcome.error.code}: {outcome.error.message}"
