"""Walks of a saga: an instance that gets the events that it follows, and internal ones, in any order and number."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from contracts.examples import examples_of
from contracts.message import Event
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SetDeadline, Step, StepRejected, StepUnchanged
from workers.testing.scenarios import recorded

LONGEST_WALK = 14


class Stride(NamedTuple):
    """One event, the state before and after it, and what followed."""

    before: Any
    recorded: Recorded
    after: Any
    follows: tuple[Consequence, ...]

    @property
    def steps(self) -> list[Step]:
        return [consequence for consequence in self.follows if isinstance(consequence, Step)]


def followed_examples(saga: Saga[Any]) -> list[Event]:
    """The example events that it follows."""
    models = sorted(saga.reacts_to, key=lambda model: model.type)
    return [event for model in models for event in examples_of(model).values() if isinstance(event, Event)]


def saga_walk(saga: Saga[Any], data: st.DataObject, waiting: set[str] | None = None) -> Iterator[Stride]:
    """An instance that gets its example events in any order and number, and, in between, that deadlines which it has
    set have passed, and that steps which it has sent were rejected or changed nothing. The examples speak of several
    orders: an instance gets those of others too, which is more than it ever has to bear. Deadlines pass also when they
    were cleared, unless it is said which are `waiting`.
    """
    state = saga.initial
    possible_events: list[Event] = followed_examples(saga)
    for place in range(data.draw(st.integers(0, LONGEST_WALK), label="events")):
        event = data.draw(st.sampled_from(possible_events), label="event")
        if waiting is not None and isinstance(event, DeadlinePassed):
            if event.deadline not in waiting:
                continue
            waiting.remove(event.deadline)
        (first,) = recorded(event)
        followed = first._replace(event_id=f"00000000-0000-5000-8000-{place:012d}", sequence=place + 1)
        after = saga.evolve(state, followed)
        stride = Stride(state, followed, after, tuple(saga.decide(after, followed)))
        yield stride
        state = after
        possible_events = possible_events + [
            own for follows in stride.follows for own in internal_events(saga, follows)
        ]


def internal_events(saga: Saga[Any], follows: Consequence) -> list[Event]:
    match follows:
        case SetDeadline(name):
            return [DeadlinePassed(instance_id="instance", deadline=name)]
        case Step(name, command) if saga.handles_rejections:
            to = {"instance_id": "instance", "step": name, "to": command.stream_id}
            codes = ("SomeReason", "ReservationDiffers", "ReservationNotFound")
            return [StepUnchanged(**to), *[StepRejected(**to, code=code) for code in codes]]
        case _:
            return []
