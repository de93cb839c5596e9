"""The saga "welcome"."""

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserDeleted, UserWelcomed
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED, GRACE_CREATED, WELCOME_ADA
from workers.core.answers import ANSWER, MAX_REPEATS
from workers.core.saga import Step
from workers.domain.users.welcome import welcome
from workers.testing.processes import following, passed
from workers.testing.scenarios import recorded

DEADLINE = "welcome"
AN_HOUR_LATER = passed("grace", DEADLINE)
GRACE_WELCOMED = UserWelcomed(user_id="grace")
GRACE_DELETED = UserDeleted(user_id="grace")


def test_asks_for_the_welcome_of_a_new_user() -> None:
    created = following(welcome).when(ADA_CREATED)
    created.then(WELCOME_ADA).touching_no_deadline().waiting_for_answer(60).leaving("welcome")


def test_ends_when_the_user_is_welcomed_having_asked_once() -> None:
    following(welcome, ADA_CREATED).when(ADA_WELCOMED).then_nothing().waiting_for_no_answer().leaving("welcomed")


def test_ends_when_the_user_is_deleted_first() -> None:
    following(welcome, ADA_CREATED).when(ADA_DELETED).then_nothing().leaving("abandoned")


def test_stays_welcomed_when_the_user_is_deleted_later() -> None:
    following(welcome, ADA_CREATED, ADA_WELCOMED).when(ADA_DELETED).then_nothing().leaving("welcomed")


def test_is_one_instance_per_user() -> None:
    (created,) = recorded(ADA_CREATED)
    assert welcome.correlate(created) == ADA_CREATED.user_id


def test_asks_for_nothing_once_it_has_ended() -> None:
    following(welcome, ADA_WELCOMED).when(ADA_CREATED).then_nothing().leaving("welcomed")


def test_waits_when_the_user_is_to_be_welcomed_later() -> None:
    following(welcome).when(GRACE_CREATED).then().setting(DEADLINE, 3600).leaving("wait")


def test_asks_for_the_welcome_when_it_has_waited() -> None:
    waited = following(welcome, GRACE_CREATED).when(AN_HOUR_LATER)
    waited.then(WelcomeUser(user_id="grace")).touching_no_deadline().leaving("welcome")


def test_waits_no_more_when_another_client_has_welcomed_the_user() -> None:
    following(welcome, GRACE_CREATED).when(GRACE_WELCOMED).then().clearing(DEADLINE).leaving("welcomed")


def test_waits_no_more_when_the_user_is_deleted() -> None:
    following(welcome, GRACE_CREATED).when(GRACE_DELETED).then().clearing(DEADLINE).leaving("abandoned")
    following(welcome, GRACE_CREATED, GRACE_DELETED).when(AN_HOUR_LATER).then_nothing().leaving("abandoned")


def test_asks_again_when_nothing_comes_of_it_and_is_stuck_in_the_end_until_something_does() -> None:
    no_answer = passed(ADA_CREATED.user_id, ANSWER)
    for again in range(MAX_REPEATS):
        late = following(welcome, ADA_CREATED, *[no_answer] * again).when(no_answer)
        late.then(WELCOME_ADA).waiting_for_answer(60 * 2 ** (again + 1)).leaving("welcome")
    in_vain = (ADA_CREATED, *[no_answer] * MAX_REPEATS)
    following(welcome, *in_vain).when(no_answer).then_nothing().leaving("stuck")
    following(welcome, *in_vain, no_answer).when(ADA_WELCOMED).then_nothing().leaving("welcomed")
    following(welcome, *in_vain, no_answer).when(ADA_DELETED).then_nothing().leaving("abandoned")


def test_is_over_before_it_begins_when_the_deletion_is_handled_first() -> None:
    following(welcome, ADA_DELETED).when(ADA_CREATED).then_nothing().leaving("abandoned")


def test_keeps_the_name_of_its_step_which_the_ids_of_its_commands_are_made_of() -> None:
    consequences = following(welcome).when(ADA_CREATED).consequences
    assert [consequence.name for consequence in consequences if isinstance(consequence, Step)] == ["welcome"]
