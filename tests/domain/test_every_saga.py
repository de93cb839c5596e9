"""Laws of the sagas of every context."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.catalogue import catalogue
from tests.domain.walks import walks
from tests.given import recorded, words
from workers.core.context import Context
from workers.core.saga import Saga
from workers.domain import contexts

every_saga = pytest.mark.parametrize(
    ("context", "saga"),
    [
        pytest.param(contexts()[saga.context], saga, id=saga.name)
        for context in contexts().values()
        for saga in context.sagas
    ],
)


@every_saga
@settings(max_examples=100)
@given(data=st.data())
def test_goes_on_from_its_stored_state_and_decides_the_same_twice(
    context: Context, saga: Saga[Any], data: st.DataObject
) -> None:
    state = saga.initial
    stored = saga.initial.model_dump_json()
    for event in recorded(*(event for stride in data.draw(walks(context)) for event in stride.events)):
        if type(event.event) not in saga.reacts_to:
            continue
        state = saga.evolve(state, event)
        restored = saga.evolve(type(saga.initial).model_validate_json(stored), event)
        stored = restored.model_dump_json()
        assert restored == state
        first, second = saga.decide(state, event), saga.decide(restored, event)
        assert [step.name for step in first] == [step.name for step in second]
        assert words([step.command for step in first]) == words([step.command for step in second])


@every_saga
@settings(max_examples=100)
@given(data=st.data())
def test_names_each_step_of_a_decision_once_and_asks_for_published_commands(
    context: Context, saga: Saga[Any], data: st.DataObject
) -> None:
    state = saga.initial
    for event in recorded(*(event for stride in data.draw(walks(context)) for event in stride.events)):
        if type(event.event) not in saga.reacts_to:
            continue
        state = saga.evolve(state, event)
        steps = saga.decide(state, event)
        assert len({step.name for step in steps}) == len(steps), "two steps of one event would share a command id"
        assert all(step.command.type in catalogue().commands for step in steps)


@every_saga
def test_reacts_to_events_of_its_context(context: Context, saga: Saga[Any]) -> None:
    assert saga.reacts_to
    assert all(model.context == context.name for model in saga.reacts_to)
