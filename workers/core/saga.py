"""A saga: the decider's trio once more, fed by events and answering with commands and deadlines.

Besides the events of the log, an instance hears three of its own: that a deadline which it set has passed, that a
command which it sent was not accepted, and that one was accepted and changed nothing, so that no event tells of it.
They come as `Recorded` like the others, about the instance as their stream.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.message import Command, Event, Message
from workers.core.holding import Holding
from workers.core.recorded import Recorded


class SagaState(BaseModel):
    """The state of one instance; frozen, kept as JSON. `status` names the next action, or how it ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: str = "new"


State = TypeVar("State", bound=SagaState)


class InstanceStream(Message, context="core", stream_field="instance_id"):
    """The base of the events that an instance gets about itself. Journals store their wire types."""

    instance_id: str


class DeadlinePassed(Event, InstanceStream):
    """The deadline called `deadline` has passed, by the database's clock, and the instance had not cleared it."""

    deadline: str


class StepRejected(Event, InstanceStream):
    """The command of the step called `step`, for the stream `to`, was rejected, or failed, with this code. Only a saga
    that `handles_rejections` is told. `asked_by` is the id of the event that the step followed from.
    """

    step: str
    to: str
    code: str
    asked_by: str = ""


class StepUnchanged(Event, InstanceStream):
    """The command of the step called `step`, for the stream `to`, was accepted and changed nothing: what it asked for
    was so already. Only a saga that `handles_rejections` is told.
    """

    step: str
    to: str


class Step(NamedTuple):
    """A command to send. Its id is derived from the saga, the causing event and `name`, so a repeat is quiet. `about`
    tells several steps of one name apart.

    `asked_by` is given when the step was asked for before, by the event of this id, and has no answer yet: the same
    command is sent once more, under its id. So it is handled at most once, however often it is asked for.
    """

    name: str
    command: Command
    about: str = ""
    asked_by: str | None = None


class SetDeadline(NamedTuple):
    """Wake the instance by a DeadlinePassed so many seconds after the causing event was recorded, unless it is cleared
    or set anew by then. An instance has at most one deadline of each name.
    """

    name: str
    after_seconds: float


class ClearDeadline(NamedTuple):
    """The deadline of this name will not pass; quiet when there is none."""

    name: str


Consequence = Step | SetDeadline | ClearDeadline


@dataclass(frozen=True, slots=True)
class Saga(Generic[State]):
    """A process called `name` that follows the events that it `reacts_to`, of whatever contexts.

    `correlate(recorded)` gives the id of the instance that the event is about, None when it is about none;
    `evolve(state, recorded)` the instance's next state, starting from `initial`; `decide(state, recorded)` what follows
    from the new state. `settled_statuses` are those in which nothing more is to be done, `watches` those in which it
    waits for no answer and may stay. In any other an instance that has begun has a deadline: nothing waits without end.
    `owns(state, holding)`: whether the instance answers for what a stream keeps for it. `handles_rejections`: it takes
    StepRejected and StepUnchanged. Events of different streams may come in any order; those of one stream come in
    theirs.
    """

    name: str
    reacts_to: frozenset[type[Event]]
    initial: State
    correlate: Callable[[Recorded], str | None]
    evolve: Callable[[State, Recorded], State]
    decide: Callable[[State, Recorded], tuple[Consequence, ...]]
    settled_statuses: frozenset[str]
    handles_rejections: bool = False
    watches: frozenset[str] = frozenset()
    owns: Callable[[State, Holding], bool] | None = None

    @property
    def contexts(self) -> frozenset[str]:
        """The contexts whose events it follows."""
        return frozenset(model.context for model in self.reacts_to)
