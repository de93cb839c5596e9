"""A context with a fault breaks the law that is there for it, and the failure says what to do."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.testing import broken
from workers.core.context import Context
from workers.testing.laws import ContextLaws

CASES: list[tuple[Callable[[], Context], str, str | None]] = [
    (broken.that_forgets_what_it_has_decided, "test_is_quiet_or_says_no_when_asked_again", "again: be quiet"),
    (broken.that_answers_differently_each_time, "test_answers_the_same_to_the_same_and_leaves_the_state_alone", None),
    (
        broken.that_rejects_for_an_undocumented_reason,
        "test_refuses_only_with_reasons_that_the_command_documents",
        "Moody",
    ),
    (broken.that_speaks_of_another_stream, "test_speaks_only_of_the_commands_stream_and_in_published_events", "other"),
    (
        broken.whose_read_model_changes_documents_in_place,
        "test_goes_on_from_a_stored_document_as_from_the_one_in_memory",
        "evolve changed the document",
    ),
    (broken.whose_read_model_has_no_version, "test_has_the_version_of_its_stream", "version"),
    (broken.whose_indexes_nobody_may_use, "test_is_searchable_by_indexes_that_its_documents_have", None),
    (
        broken.whose_saga_waits_without_an_end,
        "test_has_a_deadline_as_long_as_it_waits_and_none_once_it_has_ended",
        "would wait without an end",
    ),
    (
        broken.whose_saga_has_a_state_without_a_schema,
        "test_has_the_schema_of_its_state_committed",
        "annals docs schemas",
    ),
    (broken.that_lets_everybody_do_everything, "test_writing_and_reading_need_scopes_of_their_own", None),
    (broken.that_has_forgotten_a_command, "test_has_a_row_for_each_command_and_each_way_of_reading", None),
    (broken.that_is_loud_and_does_not_say_why, "test_is_quiet_or_says_no_when_asked_again", "loud_when_repeated"),
]


@pytest.mark.parametrize(("make", "law", "says"), CASES, ids=[f"{make.__name__}" for make, _, _ in CASES])
def test_by_a_failure_that_says_what_is_wrong(make: Callable[[], Context], law: str, says: str | None) -> None:
    context = make()
    laws = type("Laws", (ContextLaws,), {"contexts": (context,)})
    method = getattr(laws(), law)
    subjects = {
        "context": context,
        "projection": next(iter(context.projections), None),
        "saga": next(iter(context.sagas), None),
    }
    asked = {name: subjects[name] for name in inspect.signature(method).parameters if name in subjects}
    with pytest.raises(AssertionError, match=says):
        method(**asked)


def test_laws_of_what_a_context_has_not_are_left_out() -> None:
    context = broken.PAYMENTS
    assert not context.sagas
    laws: Any = type("Laws", (ContextLaws,), {"contexts": (context,)})
    assert laws.test_ends_in_states_that_it_can_be_in is None
    assert laws.test_has_the_version_of_its_stream is not None
