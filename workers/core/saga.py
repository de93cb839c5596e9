"""A saga: the decider's trio once more, fed by events and answering with commands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.message import Command, Event
from workers.core.recorded import Recorded


class SagaState(BaseModel):
    """The state of one instance; frozen, kept as JSON. `status` names the next action, or how it ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: str = "new"


State = TypeVar("State", bound=SagaState)


class Step(NamedTuple):
    """A command to send. Its id is derived from the saga, the causing event and `name`, so a repeat is quiet."""

    name: str
    command: Command


@dataclass(frozen=True, slots=True)
class Saga(Generic[State]):
    """A process called `name` that follows the events of one context.

    `correlate(recorded)` gives the id of the instance that the event is about; `evolve(state, recorded)` the instance's
    next state, starting from `initial`; `decide(state, recorded)` the commands that follow from the new state.
    """

    name: str
    context: str
    reacts_to: frozenset[type[Event]]
    initial: State
    correlate: Callable[[Recorded], str]
    evolve: Callable[[State, Recorded], State]
    decide: Callable[[State, Recorded], tuple[Step, ...]]
