"""The saga "welcome": every new user is welcomed once, at once or as long after the creation as its event says.

    new --UserCreated--> welcome --UserWelcomed--> welcomed
     |                      ^  |---UserDeleted---> abandoned
     `--UserCreated--> wait-+  `---no answer to the last repeat---> stuck

In `wait` the next action is to wait for the deadline, in `welcome` to send WelcomeUser. Both ends are also reached from
`wait`, and from `stuck`, where a person has to look: there is no answer to WelcomeUser (core/answers.py). There is one
instance per user, under the user's id.
"""

from typing import Literal

from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated, UserDeleted, UserWelcomed
from workers.core.answers import ANSWER, Unanswered, answered, is_in_vain, wait_for_answer
from workers.core.recorded import Recorded
from workers.core.saga import ClearDeadline, Consequence, DeadlinePassed, Saga, SagaState, SetDeadline, Step

DEADLINE = "welcome"


class WelcomeState(SagaState):
    """`delay_seconds` is how long the creation asks to wait, None for not at all; `has_waited`: the time is over. `end`
    is what happened to the user first.
    """

    is_created: bool = False
    delay_seconds: int | None = None
    has_waited: bool = False
    unanswered: Unanswered = 0
    end: Literal["welcomed", "abandoned"] | None = None

    @property
    def status(self) -> Literal["new", "wait", "welcome", "welcomed", "abandoned", "stuck"]:
        if self.end is not None:
            return self.end
        if not self.is_created:
            return "new"
        if self.delay_seconds is not None and not self.has_waited:
            return "wait"
        return "stuck" if is_in_vain(self.unanswered) else "welcome"


def correlate(recorded: Recorded) -> str:
    return recorded.stream_id


def evolve(state: WelcomeState, recorded: Recorded) -> WelcomeState:
    match state.status, recorded.event:
        case "welcomed" | "abandoned", _:
            return state
        case "new", UserCreated(welcome_after_seconds=delay_seconds):
            return state.with_facts(is_created=True, delay_seconds=delay_seconds)
        case "wait", DeadlinePassed():
            return state.with_facts(has_waited=True)
        case "welcome", DeadlinePassed(deadline=name) if name == ANSWER:
            return state.with_facts(unanswered=state.unanswered + 1)
        case _, UserWelcomed():
            return state.with_facts(end="welcomed")
        case _, UserDeleted():
            return state.with_facts(end="abandoned")
        case _:
            return state


def decide(state: WelcomeState, recorded: Recorded) -> tuple[Consequence, ...]:
    match state, recorded.event:
        case WelcomeState(status="wait", delay_seconds=int(delay_seconds)), UserCreated():
            return (SetDeadline(DEADLINE, delay_seconds),)
        case WelcomeState(status="welcome"), UserCreated() | DeadlinePassed():
            step = Step("welcome", WelcomeUser(user_id=recorded.stream_id))
            return (step, wait_for_answer(state.unanswered))
        case WelcomeState(delay_seconds=None), UserWelcomed() | UserDeleted():
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
