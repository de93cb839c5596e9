"""The saga "welcome": every new user is welcomed once, at once or as long after the creation as its event says.

    new --UserCreated--> welcome --UserWelcomed--> welcomed
     |                      ^  `---UserDeleted---> abandoned
     `--UserCreated--> wait-+ the deadline

In `wait` the next action is to wait for the deadline, in `welcome` to send WelcomeUser. Both ends are also reached from
`wait`. One instance per user, under the user's id.
"""

from typing import Literal

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserWelcomed
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, DeadlinePassed, Saga, SagaState, SetDeadline, Step

DEADLINE = "welcome"


class WelcomeState(SagaState):
    """How far a user's welcome has come; `after_seconds`: how long it was to wait."""

    status: Literal["new", "wait", "welcome", "welcomed", "abandoned"] = "new"
    after_seconds: int | None = None


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
        case "new" | "wait" | "welcome", UserWelcomed():
            return _now(state, "welcomed")
        case "new" | "wait" | "welcome", UserDeleted():
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
            return (Step("welcome", WelcomeUser(user_id=recorded.stream_id)),)
        case WelcomeState(after_seconds=int()), UserWelcomed() | UserDeleted():
            return (ClearDeadline(DEADLINE),)
        case _:
            return ()


welcome = Saga(
    name="welcome",
    reacts_to=frozenset({UserCreated, UserWelcomed, UserDeleted}),
    initial=WelcomeState(),
    correlate=correlate,
    evolve=evolve,
    decide=decide,
    ends=frozenset({"welcomed", "abandoned"}),
)
