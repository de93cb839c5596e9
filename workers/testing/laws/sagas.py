"""Laws of sagas: whichever events they get, in any order."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, get_args, get_type_hints

from hypothesis import strategies as st

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.message import Command, Event
from contracts.schemas import schema_text
from workers.contexts import installed
from workers.core.context import Context
from workers.core.saga import ClearDeadline, Saga, SetDeadline, Step
from workers.published_states import state_of
from workers.testing.laws.about import Laws, holds
from workers.testing.saga_walks import saga_walk
from workers.testing.scenarios import recorded, through_json, words


class SagaLaws(Laws):
    """Of each saga. `still_asked_for`: by the saga's name, the commands that may still follow when an instance has come
    to an end. Nothing else does.
    """

    still_asked_for: ClassVar[Mapping[str, AbstractSet[type[Command]]]] = {}

    @holds(200)
    def test_goes_on_from_its_stored_state_and_decides_the_same_twice(
        self, saga: Saga[Any], data: st.DataObject
    ) -> None:
        stored = saga.initial.model_dump_json()
        for stride in saga_walk(saga, data):
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

    @holds(200)
    def test_reads_of_what_it_has_stored_the_state_that_it_has_in_memory(
        self, saga: Saga[Any], data: st.DataObject
    ) -> None:
        """Either may be the next to be decided on, and nothing validates the facts of the one in memory."""
        for stride in saga_walk(saga, data):
            stored = type(saga.initial).model_validate_json(stride.after.model_dump_json())
            assert (stored, repr(stored)) == (stride.after, repr(stride.after)), "in value and type"

    @holds(100)
    def test_changes_no_state_in_place(self, saga: Saga[Any], data: st.DataObject) -> None:
        """A state that was written is decided on again as it is in memory."""
        stored = saga.initial.model_dump_json()
        for stride in saga_walk(saga, data):
            assert stride.before.model_dump_json() == stored
            stored = stride.after.model_dump_json()

    @holds(200)
    def test_tells_the_steps_of_a_decision_apart_and_asks_for_published_commands(
        self, saga: Saga[Any], data: st.DataObject
    ) -> None:
        for stride in saga_walk(saga, data):
            steps = stride.steps
            assert all(step.name for step in steps)
            assert len({(step.name, step.about) for step in steps}) == len(steps), "two steps would share a command id"
            for step in steps:
                assert catalogue().commands[step.command.type] is type(step.command)
                assert through_json(step.command) == step.command

    @holds(200)
    def test_says_one_thing_of_each_deadline_and_sets_none_into_the_past(
        self, saga: Saga[Any], data: st.DataObject
    ) -> None:
        for stride in saga_walk(saga, data):
            touched = [
                consequence for consequence in stride.follows if isinstance(consequence, SetDeadline | ClearDeadline)
            ]
            assert len({consequence.name for consequence in touched}) == len(touched)
            assert all(consequence.after_seconds > 0 for consequence in touched if isinstance(consequence, SetDeadline))

    @holds(200)
    def test_does_nothing_more_after_its_end_but_what_is_allowed(self, saga: Saga[Any], data: st.DataObject) -> None:
        has_ended = False
        for stride in saga_walk(saga, data):
            if has_ended:
                assert {type(step.command) for step in stride.steps} <= self.still_asked_for.get(saga.name, set())
            has_ended = has_ended or stride.after.status in saga.settled_statuses

    @holds(400)
    def test_has_a_deadline_as_long_as_it_waits_and_none_once_it_has_ended(
        self, saga: Saga[Any], data: st.DataObject
    ) -> None:
        """An instance that is stuck may still ask for something back."""
        waiting: set[str] = set()
        for stride in saga_walk(saga, data, waiting):
            waiting -= {consequence.name for consequence in stride.follows if isinstance(consequence, ClearDeadline)}
            waiting |= {consequence.name for consequence in stride.follows if isinstance(consequence, SetDeadline)}
            status = stride.after.status
            if status in saga.settled_statuses:
                assert not waiting or status == "stuck", f"in {status} nothing is waited for"
            elif status not in saga.idle_statuses | {saga.initial.status}:
                assert waiting, f"in {status} it would wait without an end"

    def test_ends_in_states_that_it_can_be_in(self, saga: Saga[Any]) -> None:
        all_statuses = statuses(saga)
        assert saga.initial.status in all_statuses - saga.settled_statuses - saga.idle_statuses
        assert saga.settled_statuses | saga.idle_statuses < all_statuses
        assert not saga.settled_statuses & saga.idle_statuses

    def test_has_the_schema_of_its_state_committed(self, context: Context, saga: Saga[Any]) -> None:
        """A later release is compared with it, as it goes on from what this one has stored."""
        state = state_of(context.name, saga)
        path = state.path()
        is_current = path.is_file() and path.read_text("utf-8") == schema_text(state.schema)
        assert is_current, f"run `annals docs schemas`: {path} differs from the state of the saga {saga.name}"

    def test_stores_no_status_as_it_follows_from_the_facts(self, saga: Saga[Any]) -> None:
        assert "status" not in saga.initial.model_dump()

    @holds(200)
    def test_is_only_in_states_that_it_declares(self, saga: Saga[Any], data: st.DataObject) -> None:
        for stride in saga_walk(saga, data):
            assert stride.after.status in statuses(saga)

    def test_follows_published_events_of_contexts_that_there_are_and_finds_the_instance_of_each(
        self, saga: Saga[Any]
    ) -> None:
        assert saga.reacts_to
        assert all(catalogue().present[model.type] is model for model in saga.reacts_to)
        assert saga.contexts == {model.context for model in saga.reacts_to} <= installed().keys()
        for model in saga.reacts_to:
            examples = [example for example in examples_of(model).values() if isinstance(example, Event)]
            instance_ids = [saga.correlate(row) for row in (recorded(example)[0] for example in examples)]
            assert instance_ids
            assert all(isinstance(instance_id, str) and instance_id for instance_id in instance_ids)


def statuses(saga: Saga[Any]) -> frozenset[str]:
    """All statuses that the saga's state declares."""
    return frozenset(get_args(get_type_hints(type(saga.initial).status.fget)["return"]))
