"""The kit for scenarios: `given(decider, *events).when(command).then(*events)`.

Commands and events are encoded as JSON and decoded again, as on their way through Kafka. So a scenario also tests that
no data that a decision needs is lost in JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from contracts.message import Command, Event, Message
from workers.core.decider import Decider, Decision, Rejection
from workers.core.folding import fold
from workers.core.projection import Document, Projection
from workers.core.recorded import Recorded

AnyMessage = TypeVar("AnyMessage", bound=Message)

FIRST_SECOND = "2026-01-01T00:00:01.000000Z"


def through_json(message: AnyMessage) -> AnyMessage:
    """The message as its reader sees it."""
    return type(message).model_validate_json(message.to_json())


def words(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """The messages as they are sent. Unlike plain equality, this also compares which fields are set."""
    return [(message.type, message.to_json().decode()) for message in messages]


def folded(decider: Decider[Any], *events: Event) -> Any:
    """The state after these events."""
    return fold(decider, map(through_json, events))


@dataclass(frozen=True)
class given:  # noqa: N801 - reads as the first word of a sentence
    """A stream with a history."""

    decider: Decider[Any]
    events: tuple[Event, ...]

    def __init__(self, decider: Decider[Any], *events: Event) -> None:
        object.__setattr__(self, "decider", decider)
        object.__setattr__(self, "events", events)

    def when(self, command: Command) -> "Answered":
        """Handle a command."""
        state = folded(self.decider, *self.events)
        return Answered(self.decider.decide(state, through_json(command)))


@dataclass(frozen=True)
class Answered:
    """The decider's answer. Each check returns it, so that checks can be chained."""

    answer: Decision | Rejection

    def then(self, *events: Event) -> Self:
        """Exactly these events."""
        assert words(self.decision.events) == words(events)
        return self

    def then_nothing(self) -> Self:
        """Accepted, and nothing changes."""
        assert self.answer == Decision()
        return self

    def then_rejected(self, code: str) -> Self:
        """Rejected with this code and a message for people."""
        assert isinstance(self.answer, Rejection), f"expected the rejection {code}, got {self.answer}"
        assert self.answer.code == code
        assert self.answer.message
        return self

    def claiming(self, *claims: tuple[str, str]) -> Self:
        """Exactly these (scope, key) are claimed."""
        assert [(claim.scope, claim.key) for claim in self.decision.claims] == list(claims)
        return self

    def releasing(self, *releases: tuple[str, str]) -> Self:
        """Exactly these (scope, key) are released."""
        assert [(release.scope, release.key) for release in self.decision.releases] == list(releases)
        return self

    @property
    def decision(self) -> Decision:
        assert isinstance(self.answer, Decision), f"expected a decision, got {self.answer}"
        return self.answer


def recorded(*events: Event) -> list[Recorded]:
    """One stream's events as they are recorded: a second apart, with versions and sequences from 1 on."""
    return [
        Recorded(
            event=through_json(event),
            event_id=f"00000000-0000-5000-8000-{version:012d}",
            stream_id=event.stream_id,
            stream_version=version,
            sequence=version,
            recorded_at=f"2026-01-01T00:00:{version:02d}.000000Z",
            correlation_id="00000000-0000-7000-8000-000000000000",
        )
        for version, event in enumerate(events, start=1)
    ]


def document_after(projection: Projection, *events: Event) -> Document | None:
    """The document after these events of one stream."""
    return fold(projection, recorded(*events))
