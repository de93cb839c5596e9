"""The kit for scenarios of sagas: `following(saga, *events).when(event).then(*commands).leaving("status")`.

Events pass through their JSON, and so does the state between any two of them, as it does through the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from contracts.message import Command, Event
from workers.core.answers import ANSWER
from workers.core.saga import ClearDeadline, Consequence, DeadlinePassed, Saga, SetDeadline, Step
from workers.testing.scenarios import recorded, through_json, words


def passed(instance_id: str, deadline: str) -> DeadlinePassed:
    return DeadlinePassed(instance_id=instance_id, deadline=deadline)


@dataclass(frozen=True)
class following:  # noqa: N801 - reads as the first word of a sentence
    """An instance that has applied some events."""

    saga: Saga[Any]
    events: tuple[Event, ...]

    def __init__(self, saga: Saga[Any], *events: Event) -> None:
        object.__setattr__(self, "saga", saga)
        object.__setattr__(self, "events", events)

    def when(self, *events: Event) -> "Followed":
        """Take some more."""
        state, ids = self.saga.initial, set()
        consequences: list[Consequence] = []
        for place, event in enumerate(recorded(*self.events, *events), start=1):
            if type(event.event) in self.saga.reacts_to:
                ids.add(self.saga.correlate(event))
            state = self.saga.evolve(state, event)
            follows = self.saga.decide(state, event)
            state = type(state).model_validate_json(state.model_dump_json())
            if place > len(self.events):
                consequences += follows
        assert len(ids) == 1, f"these events are about several instances: {ids}"
        return Followed(state.status, consequences)


@dataclass(frozen=True)
class Followed:
    """What followed; each check gives it back, so that checks line up."""

    status: str
    consequences: Sequence[Consequence]

    def then(self, *commands: Command) -> Self:
        """Exactly these commands, in this order."""
        sent = [through_json(consequence.command) for consequence in self.consequences if isinstance(consequence, Step)]
        assert words(sent) == words(commands)
        return self

    def asked_by(self, *events: int | None) -> Self:
        """Each command repeats what the event of this number, from 1 on, had asked for; None: it is a new one."""
        ids = [consequence.asked_by for consequence in self.consequences if isinstance(consequence, Step)]
        assert [None if event_id is None else int(event_id[-12:]) for event_id in ids] == list(events)
        return self

    def then_nothing(self) -> Self:
        """No command, and no deadline touched but that of an answer."""
        assert self._without_answers == []
        return self

    def setting(self, deadline: str, after_seconds: float) -> Self:
        """Exactly this deadline is set."""
        set_now = [consequence for consequence in self._without_answers if isinstance(consequence, SetDeadline)]
        assert set_now == [SetDeadline(deadline, after_seconds)]
        return self

    def clearing(self, deadline: str) -> Self:
        """Exactly this deadline is cleared."""
        cleared = {consequence for consequence in self._without_answers if isinstance(consequence, ClearDeadline)}
        assert cleared == {ClearDeadline(deadline)}
        return self

    def touching_no_deadline(self) -> Self:
        """None is set, none cleared, but that of an answer."""
        assert all(isinstance(consequence, Step) for consequence in self._without_answers)
        return self

    def waiting_for_answer(self, after_seconds: float) -> Self:
        """The last word on the deadline of the answer: so many seconds."""
        assert self._of_answers[-1:] == [SetDeadline(ANSWER, after_seconds)]
        return self

    def waiting_for_no_answer(self) -> Self:
        """The last word on the deadline of the answer: it is cleared."""
        assert self._of_answers[-1:] == [ClearDeadline(ANSWER)]
        return self

    def leaving(self, status: str) -> Self:
        """The instance is in this status now."""
        assert self.status == status
        return self

    @property
    def _without_answers(self) -> list[Consequence]:
        return [
            consequence
            for consequence in self.consequences
            if isinstance(consequence, Step) or consequence.name != ANSWER
        ]

    @property
    def _of_answers(self) -> list[SetDeadline | ClearDeadline]:
        return [
            consequence
            for consequence in self.consequences
            if not isinstance(consequence, Step) and consequence.name == ANSWER
        ]
