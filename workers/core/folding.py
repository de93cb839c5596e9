"""The fold: the state that a stream of events leads to. Written here once, for deciders, sagas and projections alike.

Pure. An exception that `evolve` raises passes through: what it means, the caller decides.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Protocol, TypeVar

State = TypeVar("State")
Fact_contra = TypeVar("Fact_contra", contravariant=True)
Fact = TypeVar("Fact")


class Foldable(Protocol[State, Fact_contra]):
    """What a stream is folded by. A decider's fact is an `Event`; a saga's and a projection's is a `Recorded`."""

    @property
    def initial(self) -> State:
        """The state before the first event."""
        ...

    @property
    def evolve(self) -> Callable[[State, Fact_contra], State]:
        """From a state and an event to the next state."""
        ...


def fold(foldable: Foldable[State, Fact], events: Iterable[Fact]) -> State:
    """The state after all `events` of one stream, in their order; the initial state for none."""
    return reduce(foldable.evolve, events, foldable.initial)


def fold_onto(foldable: Foldable[State, Fact], state: State, events: Iterable[Fact]) -> State:
    """The state after `events` that follow on `state`, such as that of a snapshot."""
    return reduce(foldable.evolve, events, state)


def fold_streams(foldable: Foldable[State, Fact], events: Iterable[tuple[str, Fact]]) -> dict[str, State]:
    """The states of several streams by stream id. `events` are (stream id, event); those of one stream in their order,
    those of different streams in any.
    """
    states: dict[str, State] = {}
    initial, evolve = foldable.initial, foldable.evolve
    for stream_id, event in events:
        states[stream_id] = evolve(states.get(stream_id, initial), event)
    return states
