"""A saga: the decider's trio once more, fed by events and answering with commands and deadlines.

All sagas follow one idiom:

- `evolve` records facts: what was asked for and by which event, what was answered, what is reserved, what has passed.
- `decide` derives from these facts what the event leads to: steps and deadlines.
- The state stores nothing that can be derived. Its `status` is a property: the next action, or how the instance ended.

What an event asks for is itself a fact, because it must not be asked for twice. So `evolve` records it, where it cannot
be seen from the kind of the event, with the event's id; `decide` sends what the event at hand has asked for. Both read
only the state and the event: repeated after a crash, they lead to the same commands with the same ids.

Besides the events of the log, an instance gets three internal events: a deadline that it set has passed; a command that
it sent was rejected or has failed; a command that it sent was accepted and changed nothing, so that no event tells of
it. They come as `Recorded` like the others, with the instance as their stream.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.message import Command, Event, Message
from workers.core.holding import Holding
from workers.core.recorded import Recorded

_set_attribute = object.__setattr__
"""Not refused by a frozen model."""


class SagaState(BaseModel):
    """The facts that one instance has recorded; frozen, stored as JSON.

    What a fact holds must not be changed in place either: a state that was written stays in memory, and the next event
    is applied to it, or to what its JSON gives. Both must be equal. Facts that this release does not know are kept.
    Those that are added later have a default, for the instances that lack them: the schema of each state is committed,
    and `annals contracts check` compares it.

    Each saga's state has a `status`: a property that follows from the facts. It names the next action, or how the
    instance ended. It is stored beside the facts, in a column of its own, to be listed and counted.
    """

    # What a newer release has written stays in the state, though this one does not know it.
    model_config = ConfigDict(frozen=True, extra="allow")

    if TYPE_CHECKING:  # For readers of any state. As a real attribute, pydantic would take it for a field's default.

        @property
        def status(self) -> str: ...

    def with_facts(self, **facts: Any) -> Self:
        """The state with these facts in place of its own. `model_copy(update=facts)` gives the same and takes several
        times as long.

        Neither validates: not the names of the facts, nor their types. A list in a tuple's place is noticed only by
        the test that reads every state back.
        """
        state = object.__new__(type(self))
        _set_attribute(state, "__dict__", self.__dict__ | facts)
        _set_attribute(state, "__pydantic_fields_set__", self.__pydantic_fields_set__ | facts.keys())
        _set_attribute(state, "__pydantic_extra__", self.__pydantic_extra__)
        _set_attribute(state, "__pydantic_private__", None)
        return state


State = TypeVar("State", bound=SagaState)


class InstanceStream(Message, context="core", stream_field="instance_id"):
    """The base of the internal events. Journals store their wire types."""

    instance_id: str


class DeadlinePassed(Event, InstanceStream):
    """The deadline called `deadline` has passed, by the database's clock, and the instance had not cleared it."""

    deadline: str


class StepRejected(Event, InstanceStream):
    """The command of the step called `step`, for the stream `to`, was rejected, or failed, with this code. Only a saga
    that `handles_rejections` gets it. `asked_by` is the id of the event that the step followed from.
    """

    step: str
    to: str
    code: str
    asked_by: str = ""


class StepUnchanged(Event, InstanceStream):
    """The command of the step called `step`, for the stream `to`, was accepted and changed nothing: what it asked for
    was so already. Only a saga that `handles_rejections` gets it.
    """

    step: str
    to: str


class Step(NamedTuple):
    """A command to send. Its id is derived from the causing event, `name`, `about` and a secret of the instance, so a
    repeat is quiet. `about` tells several steps of one name apart.

    `asked_by` is given when the event of this id has asked for the step before and there is no answer yet: then the
    same command is sent again, under its id. So it is handled at most once, however often it is sent.
    """

    name: str
    command: Command
    about: str = ""
    asked_by: str | None = None


class SetDeadline(NamedTuple):
    """Send the instance a DeadlinePassed so many seconds after the causing event was recorded, unless the deadline is
    cleared or set again by then. An instance has at most one deadline of each name.
    """

    name: str
    after_seconds: float


class ClearDeadline(NamedTuple):
    """The deadline of this name will not pass; quiet when there is none."""

    name: str


Consequence = Step | SetDeadline | ClearDeadline


@dataclass(frozen=True, slots=True)
class Saga(Generic[State]):
    """A process called `name` that follows the events that it `reacts_to`, of any contexts.

    `correlate(recorded)` gives the id of the instance that the event is about, None when it is about none.
    `evolve(state, recorded)` gives the instance's next state, starting from `initial`. `decide(state, recorded)` gives
    what follows from the event, which has led to `state`.

    `settled_statuses` are those in which the saga has nothing more to do and expects no event: how it ended, or that a
    person has to look. An event may still come, and lead on. In the `idle_statuses` it expects events, but needs no
    answer: it may stay there. In any other status an instance that has begun has a deadline: nothing waits without end.

    `owns(state, holding)` says whether the instance answers for what a stream keeps for it. A saga that
    `handles_rejections` gets StepRejected and StepUnchanged. Events of different streams may come in any order; those
    of one stream come in theirs.
    """

    name: str
    reacts_to: frozenset[type[Event]]
    initial: State
    correlate: Callable[[Recorded], str | None]
    evolve: Callable[[State, Recorded], State]
    decide: Callable[[State, Recorded], tuple[Consequence, ...]]
    settled_statuses: frozenset[str]
    handles_rejections: bool = False
    idle_statuses: frozenset[str] = frozenset()
    owns: Callable[[State, Holding], bool] | None = None

    @property
    def contexts(self) -> frozenset[str]:
        """The contexts whose events it follows."""
        return frozenset(model.context for model in self.reacts_to)
