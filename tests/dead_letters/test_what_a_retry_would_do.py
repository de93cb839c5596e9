"""What sending a dead letter again would do, computed by the code that the worker runs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.catalogue import catalogue
from contracts.message import Command, Event
from contracts.users.commands import UpdateUser, WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserWelcomed
from contracts.users.examples import CREATE_ADA
from tests.command.installation import record
from tests.dead_letters.letters import read_back
from workers.command.reading import Request
from workers.core.decider import Decider, Decision, Rejection
from workers.domain import contexts
from workers.operations.dead_letters.letter import letter_of
from workers.operations.dead_letters.previewing import DryRun, RetryPreview, preview_of, read_again
from workers.ports.event_store import StreamEvent

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MESSAGES = catalogue()
USERS = contexts()["users"].decider
ADA = CREATE_ADA.user_id
CREATED = UserCreated(**CREATE_ADA.model_dump(exclude={"password_hash"}, exclude_unset=True), locale="und")


def read_letter(value: bytes | Command, **headers: Any) -> Request | RetryPreview:
    """A letter that holds this, read as a command."""
    original = record(CREATE_ADA, 1, value=value) if isinstance(value, bytes) else record(value, 1, **headers)
    return read_again(letter_of(read_back(original)), MESSAGES.commands, "users")


def stream(*events: Event) -> list[StreamEvent]:
    return [
        StreamEvent(event.stream_id, version, event.name, event.schema_version, event.to_json())
        for version, event in enumerate(events, 1)
    ]


def preview_for(
    command: Command,
    events: Sequence[Event] = (),
    *,
    decider: Decider[Any] = USERS,
    rejected_claims: frozenset[tuple[str, str]] = frozenset(),
    **headers: Any,
) -> RetryPreview:
    request = read_letter(command, **headers)
    assert isinstance(request, Request)
    decision = DryRun(decider, "users", stream(*events), MESSAGES.stored_events()).decide(request, NOW, rejected_claims)
    return decision if isinstance(decision, RetryPreview) else preview_of(decision)


def test_is_the_event_that_would_be_written() -> None:
    preview = preview_for(CREATE_ADA)
    assert preview == ("accepted", "users.UserCreated", "")
    assert str(preview) == "would be accepted: users.UserCreated"


def test_is_each_event_of_several() -> None:
    twice = Decider(USERS.initial, lambda _, __: Decision((CREATED, CREATED)), lambda state, _: state)
    assert preview_for(CREATE_ADA, decider=twice).name == "users.UserCreated, users.UserCreated"


def test_is_nothing_for_a_command_that_is_quiet_by_now() -> None:
    preview = preview_for(UpdateUser(user_id=ADA, city=CREATE_ADA.city), [CREATED])
    assert preview == ("accepted", "", "")
    assert str(preview) == "would be accepted: nothing would change"


def test_is_the_rejection_that_the_stream_has_come_to() -> None:
    preview = preview_for(CREATE_ADA, [CREATED])
    assert (preview.verdict, preview.name) == ("rejected", "UserAlreadyExists")
    assert preview.explanation
    assert str(preview) == f"would be rejected: UserAlreadyExists: {preview.explanation}"


def test_is_the_rejection_of_a_value_that_another_stream_holds() -> None:
    assert preview_for(CREATE_ADA, rejected_claims=frozenset({("email", "ada@example.org")})).name == "EmailTaken"
    assert preview_for(CREATE_ADA, rejected_claims=frozenset({("email", "another@example.org")})).verdict == "accepted"


def test_counts_the_versions_of_the_stream() -> None:
    update = UpdateUser(user_id=ADA, city="Turin")
    welcomed = preview_for(WelcomeUser(user_id=ADA), [CREATED])
    assert welcomed.verdict == "accepted"
    assert preview_for(CREATE_ADA, expected_version=0).verdict == "accepted"
    assert preview_for(update, [CREATED], expected_version=1).verdict == "accepted"
    assert preview_for(update, [CREATED], expected_version=2).name == "VersionConflict"


def test_depends_on_all_events_so_far() -> None:
    welcomed = UserWelcomed(user_id=ADA)
    assert preview_for(WelcomeUser(user_id=ADA), [CREATED, welcomed]).name == ""
    assert preview_for(WelcomeUser(user_id=ADA), [CREATED, welcomed, UserDeleted(user_id=ADA)]).name == "UserNotFound"


def test_depends_on_the_time_at_which_it_would_be_sent() -> None:
    assert preview_for(CREATE_ADA, expires_at=NOW).verdict == "accepted"
    assert preview_for(CREATE_ADA, expires_at=datetime(2026, 5, 4, 11, 59, tzinfo=UTC)).name == "Expired"


def test_is_a_failure_while_the_code_raises() -> None:
    def decide(_: Any, __: Command) -> Decision | Rejection:
        raise ZeroDivisionError("ada@example.org")

    preview = preview_for(CREATE_ADA, decider=Decider(USERS.initial, decide, USERS.evolve))
    assert preview == ("failed", "HandlerFailed", "ZeroDivisionError while deciding")
    assert str(preview) == "would fail again: ZeroDivisionError while deciding"


def test_is_a_failure_while_the_stream_cannot_be_folded() -> None:
    def evolve(_: Any, __: Event) -> Any:
        raise KeyError("ada@example.org")

    preview = preview_for(CREATE_ADA, [CREATED], decider=Decider(USERS.initial, USERS.decide, evolve))
    assert preview == ("failed", "HandlerFailed", "KeyError while folding the stream")


def test_is_that_it_is_no_command_still() -> None:
    preview = read_letter(b"{")
    assert isinstance(preview, RetryPreview)
    assert (preview.verdict, preview.name) == ("unreadable", "MalformedJson")
    assert preview.explanation
    assert str(preview) == f"would be refused again: MalformedJson: {preview.explanation}"


def test_is_that_it_belongs_to_another_context() -> None:
    preview = read_again(letter_of(read_back(record(CREATE_ADA, 1))), MESSAGES.commands, "orders")
    assert isinstance(preview, RetryPreview)
    assert preview.verdict == "unreadable"


@pytest.mark.parametrize("status", ["accepted", "rejected"])
def test_is_nothing_for_what_was_handled_meanwhile(status: str) -> None:
    assert str(RetryPreview("handled", status, "")) == f"was handled meanwhile: {status}"
