"""Laws of the sagas of every context: whichever events they get, in any order."""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.inventory.commands import ReleaseStock, ShipStock
from contracts.message import Command, Event
from contracts.orders.commands import CancelOrder
from contracts.payments.commands import ReleaseFunds
from workers.core.recorded import Recorded
from workers.core.saga import (
    ClearDeadline,
    Consequence,
    DeadlinePassed,
    Saga,
    SetDeadline,
    Step,
    StepRejected,
    StepUnchanged,
)
from workers.domain import contexts
from workers.testing.scenarios import recorded, through_json, words

LONGEST_WALK = 14

# What may still follow when an instance has come to an end, and why. Nothing else does.
STILL_ASKED_FOR: dict[str, set[type[Command]]] = {
    # A context that was away gives what no caller waits for any more; a completed order is shipped.
    "fulfilment": {ReleaseFunds, ReleaseStock, ShipStock},
    # An order may be placed for a user who was deleted a moment ago.
    "account closing": {CancelOrder},
}

every_saga = pytest.mark.parametrize(
    "saga", [pytest.param(saga, id=saga.name) for context in contexts().values() for saga in context.sagas]
)


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


def walk(saga: Saga[Any], data: st.DataObject, waiting: set[str] | None = None) -> Iterator[Stride]:
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


def statuses(saga: Saga[Any]) -> frozenset[str]:
    """All statuses that the saga's state declares."""
    return frozenset(get_args(get_type_hints(type(saga.initial).status.fget)["return"]))


@every_saga
@settings(max_examples=200)
@given(data=st.data())
def test_goes_on_from_its_stored_state_and_decides_the_same_twice(saga: Saga[Any], data: st.DataObject) -> None:
    stored = saga.initial.model_dump_json()
    for stride in walk(saga, data):
        restored = saga.evolve(type(saga.initial).model_validate_json(stored), stride.recorded)
        stored = restored.model_dump_json()
        assert restored == stride.after
        again = tuple(saga.decide(restored, stride.recorded))
        assert [consequence for consequence in again if not isinstance(consequence, Step)] == [
            consequence for consequence in stride.follows if not isinstance(consequence, Step)
        ]
        steps = [consequence for consequence in again if isinstance(consequence, Step)]
        assert [(step.name, step.about) for step in steps] == [(step.name, step.about) for step in stride.steps]
        assert words([step.command for step in steps]) == words([step.command for step in stride.steps])


@every_saga
@settings(max_examples=200)
@given(data=st.data())
def test_reads_of_what_it_has_stored_the_state_that_it_has_in_memory(saga: Saga[Any], data: st.DataObject) -> None:
    """Either may be the next to be decided on, and nothing validates the facts of the one in memory."""
    for stride in walk(saga, data):
        stored = type(saga.initial).model_validate_json(stride.after.model_dump_json())
        assert (stored, repr(stored)) == (stride.after, repr(stride.after)), "in value and type"


@every_saga
@given(data=st.data())
def test_changes_no_state_in_place(saga: Saga[Any], data: st.DataObject) -> None:
    """A state that was written is decided on again as it is in memory."""
    stored = saga.initial.model_dump_json()
    for stride in walk(saga, data):
        assert stride.before.model_dump_json() == stored
        stored = stride.after.model_dump_json()


@every_saga
@settings(max_examples=200)
@given(data=st.data())
def test_tells_the_steps_of_a_decision_apart_and_asks_for_published_commands(
    saga: Saga[Any], data: st.DataObject
) -> None:
    for stride in walk(saga, data):
        steps = stride.steps
        assert all(step.name for step in steps)
        assert len({(step.name, step.about) for step in steps}) == len(steps), "two steps would share a command id"
        for step in steps:
            assert catalogue().commands[step.command.type] is type(step.command)
            assert through_json(step.command) == step.command


@every_saga
@settings(max_examples=200)
@given(data=st.data())
def test_says_one_thing_of_each_deadline_and_sets_none_into_the_past(saga: Saga[Any], data: st.DataObject) -> None:
    for stride in walk(saga, data):
        touched = [
            consequence for consequence in stride.follows if isinstance(consequence, SetDeadline | ClearDeadline)
        ]
        assert len({consequence.name for consequence in touched}) == len(touched)
        assert all(consequence.after_seconds > 0 for consequence in touched if isinstance(consequence, SetDeadline))


@every_saga
@settings(max_examples=200)
@given(data=st.data())
def test_does_nothing_more_after_its_end_but_what_is_allowed(saga: Saga[Any], data: st.DataObject) -> None:
    has_ended = False
    for stride in walk(saga, data):
        if has_ended:
            assert {type(step.command) for step in stride.steps} <= STILL_ASKED_FOR.get(saga.name, set())
        has_ended = has_ended or stride.after.status in saga.settled_statuses


@every_saga
@settings(max_examples=400)
@given(data=st.data())
def test_has_a_deadline_as_long_as_it_waits_and_none_once_it_has_ended(saga: Saga[Any], data: st.DataObject) -> None:
    """An instance that is stuck may still ask for something back."""
    waiting: set[str] = set()
    for stride in walk(saga, data, waiting):
        waiting -= {consequence.name for consequence in stride.follows if isinstance(consequence, ClearDeadline)}
        waiting |= {consequence.name for consequence in stride.follows if isinstance(consequence, SetDeadline)}
        status = stride.after.status
        if status in saga.settled_statuses:
            assert not waiting or status == "stuck", f"in {status} nothing is waited for"
        elif status not in saga.idle_statuses | {saga.initial.status}:
            assert waiting, f"in {status} it would wait without an end"


@every_saga
def test_ends_in_states_that_it_can_be_in(saga: Saga[Any]) -> None:
    all_statuses = statuses(saga)
    assert saga.initial.status in all_statuses - saga.settled_statuses - saga.idle_statuses
    assert saga.settled_statuses | saga.idle_statuses < all_statuses
    assert not saga.settled_statuses & saga.idle_statuses


@every_saga
def test_stores_no_status_as_it_follows_from_the_facts(saga: Saga[Any]) -> None:
    assert "status" not in saga.initial.model_dump()


@every_saga
@settings(max_examples=200)
@given(data=st.data())
def test_is_only_in_states_that_it_declares(saga: Saga[Any], data: st.DataObject) -> None:
    for stride in walk(saga, data):
        assert stride.after.status in statuses(saga)


@every_saga
def test_follows_published_events_of_contexts_that_there_are_and_finds_the_instance_of_each(saga: Saga[Any]) -> None:
    assert saga.reacts_to
    assert all(catalogue().events[model.type] is model for model in saga.reacts_to)
    assert saga.contexts == {model.context for model in saga.reacts_to} <= contexts().keys()
    for model in saga.reacts_to:
        instance_ids = [saga.correlate(example) for event in examples_of(model).values() for example in recorded(event)]  # type: ignore[arg-type]
        assert instance_ids
        assert all(isinstance(instance_id, str) and instance_id for instance_id in instance_ids)


def test_has_a_name_of_its_own() -> None:
    names = [saga.name for context in contexts().values() for saga in context.sagas]
    assert len(set(names)) == len(names)
