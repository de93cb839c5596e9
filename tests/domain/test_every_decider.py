"""Laws of the write side of every context."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.catalogue import catalogue
from contracts.examples import examples
from contracts.message import Event
from tests.domain.walks import event_types, example_commands, step, walk, walks
from tests.given import through_json, words
from workers.core.context import Context
from workers.core.decider import Decision, Rejection
from workers.domain import contexts

every_context = pytest.mark.parametrize("context", contexts().values(), ids=contexts().keys())


def test_belongs_to_a_published_context_and_each_published_context_has_one() -> None:
    assert tuple(contexts()) == catalogue().contexts
    assert all(context.name == name for name, context in contexts().items())


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_answers_the_same_to_the_same_and_leaves_the_state_alone(context: Context, data: st.DataObject) -> None:
    for stride in data.draw(walks(context)):
        state = copy.deepcopy(stride.before)
        first = context.decider.decide(state, through_json(stride.command))
        second = context.decider.decide(state, through_json(stride.command))
        assert first == second == stride.answer
        assert state == stride.before
        for event in stride.events:
            assert context.decider.evolve(state, event) == context.decider.evolve(state, event)
            assert state == stride.before


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_speaks_only_of_the_commands_stream_and_in_published_events(context: Context, data: st.DataObject) -> None:
    for stride in data.draw(walks(context)):
        for event in stride.events:
            assert type(event) in event_types(context)
            assert event.stream_id == stride.command.stream_id
            assert words([through_json(event)]) == words([event])


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_makes_events_as_validation_would_have_made_them(context: Context, data: st.DataObject) -> None:
    """A decider may leave out the validation of values that come from a command or a state."""
    for stride in data.draw(walks(context)):
        for event in stride.events:
            validated = type(event).model_validate_json(event.to_json())
            assert validated == event
            assert list(vars(validated).items()) == list(vars(event).items())
            assert [*map(type, vars(validated).values())] == [*map(type, vars(event).values())]
            assert validated.model_fields_set == event.model_fields_set
            assert validated.to_json() == event.to_json()


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_is_quiet_or_says_no_when_asked_again(context: Context, data: st.DataObject) -> None:
    """A second message that says the same as the last one adds no events and leaves the state as it is, but for the
    events that the context declares.
    """
    for stride in data.draw(walks(context)):
        again = step(context, stride.after, stride.command)
        repeated = {type(event) for event in again.events}
        assert repeated <= context.loud_when_repeated.keys()
        assert again.after == stride.after or repeated & context.adding_up


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_goes_on_from_a_stored_state_as_from_the_one_in_memory(context: Context, data: st.DataObject) -> None:
    """Snapshots are states as JSON."""
    states = TypeAdapter(type(context.decider.initial))
    for stride in data.draw(walks(context)):
        stored = states.dump_json(stride.after)
        assert states.validate_json(stored) == stride.after
        assert states.dump_json(states.validate_json(stored)) == stored
        assert step(context, states.validate_json(stored), stride.command) == step(
            context, stride.after, stride.command
        )


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_changes_nothing_but_by_events(context: Context, data: st.DataObject) -> None:
    """Claims, releases and credentials come with events: else the table would not tell why they changed."""
    for stride in data.draw(walks(context)):
        if isinstance(stride.answer, Decision) and not stride.answer.events:
            assert stride.answer == Decision()


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_claims_what_is_free_and_releases_what_it_holds(context: Context, data: st.DataObject) -> None:
    claims: set[tuple[str, str]] = set()
    for stride in data.draw(walks(context)):
        if isinstance(stride.answer, Rejection):
            continue
        claimed = [(claim.scope, claim.key) for claim in stride.answer.claims]
        released = [(release.scope, release.key) for release in stride.answer.releases]
        assert not claims & set(claimed), "claimed what the stream holds already"
        assert claims >= set(released), "released what the stream does not hold"
        assert len({*claimed, *released}) == len(claimed) + len(released), "said twice, or claimed and released at once"
        claims = (claims | set(claimed)) - set(released)


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_says_of_each_state_what_decisions_have_claimed_and_not_released(context: Context, data: st.DataObject) -> None:
    claims: set[tuple[str, str]] = set()
    assert context.decider.claims(context.decider.initial) == claims
    for stride in data.draw(walks(context)):
        if isinstance(stride.answer, Decision):
            claims |= {(claim.scope, claim.key) for claim in stride.answer.claims}
            claims -= {(release.scope, release.key) for release in stride.answer.releases}
        assert context.decider.claims(stride.after) == claims


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_keeps_a_credential_only_in_states_that_may_have_one(context: Context, data: st.DataObject) -> None:
    kept = False
    assert not context.decider.may_keep_credential(context.decider.initial)
    for stride in data.draw(walks(context)):
        if isinstance(stride.answer, Decision) and stride.answer.credential is not None:
            kept = stride.answer.credential.secret is not None
        assert context.decider.may_keep_credential(stride.after) or not kept


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_keeps_secrets_out_of_events_answers_and_states(context: Context, data: st.DataObject) -> None:
    for stride in data.draw(walks(context)):
        secret = (
            stride.answer.credential.secret
            if (isinstance(stride.answer, Decision) and stride.answer.credential is not None)
            else None
        )
        if secret is None:
            continue
        assert secret not in repr(stride.command)
        assert secret not in repr(stride.after)
        assert all(secret not in event.to_json().decode() for event in stride.events)


@every_context
@settings(max_examples=100)
@given(data=st.data())
def test_refuses_only_with_reasons_that_the_command_documents(context: Context, data: st.DataObject) -> None:
    for stride in data.draw(walks(context)):
        rejections = (
            [stride.answer]
            if isinstance(stride.answer, Rejection)
            else [claim.rejection for claim in stride.answer.claims]
        )
        for rejection in rejections:
            assert rejection.code in (type(stride.command).__doc__ or "")
            assert rejection.message.endswith("."), "the message is a sentence"


@every_context
def test_is_shown_by_examples_to_reach_every_event(context: Context) -> None:
    """The examples in the order in which they are written, each upon the last of its stream, lead to every event."""
    strides = [stride for commands in example_commands(context).values() for stride in walk(context, commands)]
    assert {type(event) for stride in strides for event in stride.events} == event_types(context)


@every_context
def test_says_in_the_examples_of_events_what_the_examples_of_commands_lead_to(context: Context) -> None:
    strides = [stride for commands in example_commands(context).values() for stride in walk(context, commands)]
    led_to = words([event for stride in strides for event in stride.events])
    shown = [example for example in examples(context.name).values() if isinstance(example, Event)]
    assert set(words(shown)) <= set(led_to)
