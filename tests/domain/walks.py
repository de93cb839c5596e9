"""Walks through a context: its example commands for one stream, in any order and number, each decided upon the state
that the ones before have left.
"""

import copy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from contracts.catalogue import catalogue
from contracts.examples import examples
from contracts.message import Command, Event
from tests.given import through_json
from workers.core.context import Context
from workers.core.decider import Decision, Rejection

LONGEST_WALK = 12


@dataclass(frozen=True)
class Stride:
    """One command of a walk: the state that met it, the answer, and the state after it."""

    before: Any
    command: Command
    answer: Decision | Rejection
    after: Any

    @property
    def events(self) -> tuple[Event, ...]:
        return self.answer.events if isinstance(self.answer, Decision) else ()


def example_commands(context: Context) -> list[Command]:
    """The context's example commands, all for the stream of the first."""
    commands = [example for example in examples(context.name).values() if isinstance(example, Command)]
    return [command for command in commands if command.stream_id == commands[0].stream_id]


def step(context: Context, state: Any, command: Command) -> Stride:
    """Handle one command. The state that is kept beside the walk shows if anyone touches it."""
    before = copy.deepcopy(state)
    answer = context.decider.decide(state, command)
    after = state
    if isinstance(answer, Decision):
        for event in answer.events:
            after = context.decider.evolve(after, through_json(event))
    return Stride(before, command, answer, after)


def walk(context: Context, commands: list[Command]) -> list[Stride]:
    """Handle the commands in turn, from the initial state on."""
    strides: list[Stride] = []
    state = context.decider.initial
    for command in commands:
        strides.append(step(context, state, command))
        state = strides[-1].after
    return strides


def walks(context: Context) -> st.SearchStrategy[list[Stride]]:
    """Any walk."""
    commands = st.sampled_from(example_commands(context))
    return st.lists(commands, max_size=LONGEST_WALK).map(lambda chosen: walk(context, chosen))


def event_types(context: Context) -> set[type[Event]]:
    """The events of a context."""
    return {model for model in catalogue().events.values() if model.context == context.name}
