"""What sending a dead letter again would do, told by the code that the worker runs: read, fold, decide.

Pure: the stream, the stored outcome and the values that are taken come in. The word of this process's code: a worker
that still runs older code may do otherwise. A letter is looked at by itself, as the stream stands now.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from contracts.message import Command, Event
from workers.command.claims import Key
from workers.command.deciding import BatchDecider, BatchDecision, BatchInput
from workers.command.reading import DeadLetter, Request, read
from workers.command.streams import Versioned
from workers.core.decider import Decider
from workers.dead_letters.letter import Letter
from workers.ports.event_store import StreamEvent

Verdict = Literal["accepted", "rejected", "failed", "unreadable", "handled"]


class Foreseen(NamedTuple):
    """The verdict; `name` is the events' types, the rejection's code, the reason or the status; a sentence."""

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


def read_again(letter: Letter, models: Mapping[str, type[Command]], context: str) -> Request | Foreseen:
    """The command in the letter, or that it still is none."""
    found = read(letter.original, models, context)
    if isinstance(found, DeadLetter):
        return Foreseen("unreadable", found.reason, found.explanation)
    return found


class Foresight:
    """One command on its stream. `claims` says which values must be free; `refused` among them changes the decision."""

    def __init__(
        self, decider: Decider[Any], context: str, events: Sequence[StreamEvent], models: Mapping[str, type[Event]]
    ) -> None:
        self._decider = decider
        self._context = context
        self._events = events
        self._models = models

    def decided(self, request: Request, now: datetime, refused: frozenset[Key]) -> BatchDecision | Foreseen:
        """The draft of a batch with this one command; Foreseen when the stream cannot be folded."""
        try:
            stream = self._folded()
        except Exception as error:  # noqa: BLE001  # a bug in a domain is what is being looked for
            return Foreseen("failed", "HandlerFailed", f"{type(error).__name__} while folding the stream")
        streams = {request.envelope.subject: stream}
        situation = BatchInput(self._context, request.record.partition, 0, now, {}, streams, refused, frozenset())
        return BatchDecider(self._decider, situation).decide([request])

    def _folded(self) -> Versioned:
        version, state = 0, self._decider.initial
        for row in self._events:
            model = self._models[f"{self._context}.{row.type}.v{row.schema_version}"]
            version, state = row.stream_version, self._decider.evolve(state, model.model_validate_json(row.data))
        return Versioned(version, state)


def foreseen(draft: BatchDecision) -> Foreseen:
    """What a draft of one command says."""
    if draft.failures:
        return Foreseen("failed", draft.failures[0].reason, draft.failures[0].explanation)
    outcome = json.loads(draft.outcomes[0].outcome)
    if outcome["status"] == "rejected":
        return Foreseen("rejected", outcome["error"]["code"], outcome["error"]["message"])
    return Foreseen("accepted", ", ".join(event["type"].rpartition(".v")[0] for event in outcome["events"]), "")
