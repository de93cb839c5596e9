"""What a retry of a dead letter would do, computed by the code that the worker runs: read, fold, decide.

Pure: the stream and the refused unique claims come in. The answer is that of this process's code: a worker that still
runs older code may decide otherwise. A letter is looked at by itself, on its stream as it is now.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from contracts.message import Command
from contracts.stored_events import StoredEvents
from workers.command.batch_decision import BatchDecision, BatchInput
from workers.command.claims import Key
from workers.command.deciding import BatchDecider
from workers.command.reading import DeadLetter, Request, read
from workers.command.streams import Versioned
from workers.core.access import Access
from workers.core.decider import Decider
from workers.core.folding import fold_onto
from workers.operations.dead_letters.letter import Letter
from workers.ports.event_store import StreamEvent

Verdict = Literal["accepted", "rejected", "failed", "unreadable", "handled"]


class RetryPreview(NamedTuple):
    """What a retry would do. `name` is, by verdict: the types of the events, the rejection's code, the reason of the
    dead letter, or the stored outcome's status. `explanation` is a sentence.
    """

    verdict: Verdict
    name: str
    explanation: str

    def __str__(self) -> str:
        match self.verdict:
            case "accepted":
                return f"would be accepted: {self.name or 'nothing would change'}"
            case "rejected":
                return f"would be rejected: {self.name}: {self.explanation}"
            case "failed":
                return f"would fail again: {self.explanation}"
            case "unreadable":
                return f"would be refused again: {self.name}: {self.explanation}"
            case "handled":
                return f"was handled meanwhile: {self.name}"


def read_again(letter: Letter, models: Mapping[str, type[Command]], context: str) -> Request | RetryPreview:
    """The command in the letter, or the preview that it still cannot be read. `models` are commands by wire type."""
    content = read(letter.original, models, context)
    if isinstance(content, DeadLetter):
        return RetryPreview("unreadable", content.reason, content.explanation)
    return content


class DryRun:
    """Decides one command on its stream, as a batch of a command lane would, and writes nothing."""

    def __init__(
        self,
        decider: Decider[Any],
        context: str,
        events: Sequence[StreamEvent],
        models: StoredEvents,
        access: Access | None = None,
    ) -> None:
        """`access`: the rules, where identities are proven."""
        self._access = access
        self._decider = decider
        self._context = context
        self._events = events
        self._models = models

    def decide(self, request: Request, now: datetime, refused: frozenset[Key]) -> BatchDecision | RetryPreview:
        """The decision of a batch with this one command, when these unique claims are `refused`. A preview instead when
        the stream cannot be folded.
        """
        try:
            stream = self._folded()
        except Exception as error:  # noqa: BLE001  # a bug in a domain is what this looks for
            return RetryPreview("failed", "HandlerFailed", f"{type(error).__name__} while folding the stream")
        streams = {request.envelope.subject: stream}
        batch = BatchInput(self._context, request.record.partition, 0, now, {}, streams, refused, frozenset())
        return BatchDecider(self._decider, batch, self._access).decide([request])

    def _folded(self) -> Versioned:
        version, state = 0, self._decider.initial
        for row in self._events:
            events = self._models.read(f"{self._context}.{row.type}.v{row.schema_version}", row.data)
            version, state = row.stream_version, fold_onto(self._decider, state, events)
        return Versioned(version, state)


def preview_of(decision: BatchDecision) -> RetryPreview:
    """The preview that the decision on a batch of one command gives."""
    if decision.failures:
        return RetryPreview("failed", decision.failures[0].reason, decision.failures[0].explanation)
    outcome = decision.outcomes[0]
    if outcome.error is not None:
        error = json.loads(outcome.error)
        return RetryPreview("rejected", error["code"], error["message"])
    return RetryPreview("accepted", ", ".join(wire_type.rpartition(".v")[0] for _, wire_type in outcome.events), "")
