"""Laws of the write side: what a context's commands may lead to, whichever come and in whatever order."""

import copy

from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.examples import examples
from contracts.message import Event
from workers.core.context import Context
from workers.core.decider import Decision, Rejection
from workers.testing.laws.about import Laws, holds
from workers.testing.scenarios import through_json, words
from workers.testing.walks import event_types, example_commands, step, walk, walks


class DeciderLaws(Laws):
    """Of each context's decider."""

    @holds(100)
    def test_answers_the_same_to_the_same_and_leaves_the_state_alone(
        self, context: Context, data: st.DataObject
    ) -> None:
        for stride in data.draw(walks(context)):
            state = copy.deepcopy(stride.before)
            first = context.decider.decide(state, through_json(stride.command))
            second = context.decider.decide(state, through_json(stride.command))
            assert first == second == stride.answer
            assert state == stride.before
            for event in stride.events:
                assert context.decider.evolve(state, event) == context.decider.evolve(state, event)
                assert state == stride.before

    @holds(100)
    def test_speaks_only_of_the_commands_stream_and_in_published_events(
        self, context: Context, data: st.DataObject
    ) -> None:
        for stride in data.draw(walks(context)):
            for event in stride.events:
                assert type(event) in event_types(context)
                assert event.stream_id == stride.command.stream_id
                assert words([through_json(event)]) == words([event])

    @holds(100)
    def test_makes_events_as_validation_would_have_made_them(self, context: Context, data: st.DataObject) -> None:
        """A decider may leave out the validation of values that come from a command or a state."""
        for stride in data.draw(walks(context)):
            for event in stride.events:
                validated = type(event).model_validate_json(event.to_json())
                assert validated == event
                assert list(vars(validated).items()) == list(vars(event).items())
                assert [*map(type, vars(validated).values())] == [*map(type, vars(event).values())]
                assert validated.model_fields_set == event.model_fields_set
                assert validated.to_json() == event.to_json()

    @holds(100)
    def test_is_quiet_or_says_no_when_asked_again(self, context: Context, data: st.DataObject) -> None:
        """A second message that says the same as the last one adds no events and leaves the state as it is, but for
        those that are what the context declares as `loud_when_repeated`.
        """
        for stride in data.draw(walks(context)):
            again = step(context, stride.after, stride.command)
            repeated = {type(event) for event in again.events}
            loud = sorted(event.name for event in repeated - context.loud_when_repeated.keys())
            advice = "be quiet, or say why not (Context.loud_when_repeated)"
            assert not loud, f"{stride.command!r} asked twice leads to {loud} again: {advice}"
            assert again.after == stride.after or repeated & context.adding_up

    @holds(100)
    def test_goes_on_from_a_stored_state_as_from_the_one_in_memory(self, context: Context, data: st.DataObject) -> None:
        """Snapshots are states as JSON."""
        states = TypeAdapter(type(context.decider.initial))
        for stride in data.draw(walks(context)):
            stored = states.dump_json(stride.after)
            assert states.validate_json(stored) == stride.after
            assert states.dump_json(states.validate_json(stored)) == stored
            assert step(context, states.validate_json(stored), stride.command) == step(
                context, stride.after, stride.command
            )

    @holds(100)
    def test_changes_nothing_but_by_events(self, context: Context, data: st.DataObject) -> None:
        """Claims, releases and credentials come with events: else the table would not tell why they changed."""
        for stride in data.draw(walks(context)):
            if isinstance(stride.answer, Decision) and not stride.answer.events:
                assert stride.answer == Decision()

    @holds(100)
    def test_claims_what_is_free_and_releases_what_it_holds(self, context: Context, data: st.DataObject) -> None:
        claims: set[tuple[str, str]] = set()
        for stride in data.draw(walks(context)):
            if isinstance(stride.answer, Rejection):
                continue
            claimed = [(claim.scope, claim.key) for claim in stride.answer.claims]
            released = [(release.scope, release.key) for release in stride.answer.releases]
            assert not claims & set(claimed), "claimed what the stream holds already"
            assert claims >= set(released), "released what the stream does not hold"
            assert len({*claimed, *released}) == len(claimed) + len(released), (
                "said twice, or claimed and released at once"
            )
            claims = (claims | set(claimed)) - set(released)

    @holds(100)
    def test_says_of_each_state_what_decisions_have_claimed_and_not_released(
        self, context: Context, data: st.DataObject
    ) -> None:
        claims: set[tuple[str, str]] = set()
        assert context.decider.claims(context.decider.initial) == claims
        for stride in data.draw(walks(context)):
            if isinstance(stride.answer, Decision):
                claims |= {(claim.scope, claim.key) for claim in stride.answer.claims}
                claims -= {(release.scope, release.key) for release in stride.answer.releases}
            assert context.decider.claims(stride.after) == claims

    @holds(100)
    def test_keeps_a_credential_only_in_states_that_may_have_one(self, context: Context, data: st.DataObject) -> None:
        kept = False
        assert not context.decider.may_keep_credential(context.decider.initial)
        for stride in data.draw(walks(context)):
            if isinstance(stride.answer, Decision) and stride.answer.credential is not None:
                kept = stride.answer.credential.secret is not None
            assert context.decider.may_keep_credential(stride.after) or not kept

    @holds(100)
    def test_keeps_secrets_out_of_events_answers_and_states(self, context: Context, data: st.DataObject) -> None:
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

    @holds(100)
    def test_refuses_only_with_reasons_that_the_command_documents(self, context: Context, data: st.DataObject) -> None:
        for stride in data.draw(walks(context)):
            rejections = (
                [stride.answer]
                if isinstance(stride.answer, Rejection)
                else [claim.rejection for claim in stride.answer.claims]
            )
            for rejection in rejections:
                assert rejection.code in (type(stride.command).__doc__ or "")
                assert rejection.message.endswith("."), "the message is a sentence"

    def test_is_shown_by_examples_to_reach_every_event(self, context: Context) -> None:
        """The examples in their order, each upon the last of its stream, lead to every event."""
        strides = [stride for commands in example_commands(context).values() for stride in walk(context, commands)]
        assert {type(event) for stride in strides for event in stride.events} == event_types(context)

    def test_says_in_the_examples_of_events_what_the_examples_of_commands_lead_to(self, context: Context) -> None:
        strides = [stride for commands in example_commands(context).values() for stride in walk(context, commands)]
        led_to = words([event for stride in strides for event in stride.events])
        shown = [example for example in examples(context.name).values() if isinstance(example, Event)]
        assert set(words(shown)) <= set(led_to)
