"""The saga "welcome": every new user is welcomed once, at once or as long after the creation as its event says.

    new --UserCreated--> welcome --UserWelcomed--> welcomed
     |                      ^  |---UserDeleted---> abandoned
     `--UserCreated--> wait-+  `---asked again in vain---> stuck

In `wait` the next action is to wait for the deadline, in `welcome` to send WelcomeUser; both ends are also reached from
`wait`, and from `stuck`, where a person has to look: nothing has come of WelcomeUser (core/answers.py). One instance
per user, under the user's id.
"""

from typing import Literal

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserWelcomed
from workers.core.answers import ANSWER, AskedAgain, answered, may_ask_again, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, DeadlinePassed, Saga, SagaState, SetDeadline, Step

DEADLINE = "welcome"


class WelcomeState(SagaState):
    """How far a user's welcome has come; `after_seconds`: how long it was to wait; `asked_again`: how many times."""

    status: Literal["new", "wait", "welcome", "welcomed", "abandoned", "stuck"] = "new"
    after_seconds: int | None = None
    asked_again: AskedAgain = 0


def correlate(recorded: Recorded) -> str:
    return recorded.stream_id


def evolve(state: WelcomeState, recorded: Recorded) -> WelcomeState:
    match state.status, recorded.event:
        case "new", UserCreated(welcome_after_seconds=None):
            return WelcomeState(status="welcome")
        case "new", UserCreated(welcome_after_seconds=seconds):
            return WelcomeState(status="wait", after_seconds=seconds)
        case "wait", DeadlinePassed():
            return _now(state, "welcome")
        case "welcome", DeadlinePassed(deadline=name) if name == ANSWER:
            again = state.model_copy(update={"asked_again": state.asked_again + 1})
            return again if may_ask_again(state.asked_again) else _now(state, "stuck")
        case "new" | "wait" | "welcome" | "stuck", UserWelcomed():
            return _now(state, "welcomed")
        case "new" | "wait" | "welcome" | "stuck", UserDeleted():
            return _now(state, "abandoned")
        case _:
            return state


def _now(state: WelcomeState, status: str) -> WelcomeState:
    return state.model_copy(update={"status": status})


def decide(state: WelcomeState, recorded: Recorded) -> tuple[Consequence, ...]:
    match state, recorded.event:
        case WelcomeState(status="wait", after_seconds=int(seconds)), UserCreated():
            return (SetDeadline(DEADLINE, seconds),)
        case WelcomeState(status="welcome"), UserCreated() | DeadlinePassed():
            ask = Step("welcome", WelcomeUser(user_id=recorded.stream_id))
            return (ask, wait_for_answer(state.asked_again))
        case WelcomeState(after_seconds=None), UserWelcomed() | UserDeleted():
            return (answered(),)
        case _, UserWelcomed() | UserDeleted():
            return (ClearDeadline(DEADLINE), answered())
        case _:
            return ()


welcome = Saga(
    name="welcome",
    reacts_to=frozenset({UserCreated, UserWelcomed, UserDeleted}),
    initial=WelcomeState(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    settled_statuses=frozenset({"welcomed", "abandoned", "stuck"}),
)
