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
from workers.core.context import Context
from workers.core.decider import Decision, Rejection
from workers.core.folding import fold_onto
from workers.testing.scenarios import through_json

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


def example_commands(context: Context) -> dict[str, list[Command]]:
    """The context's example commands by their stream, in the order in which they are written."""
    commands: dict[str, list[Command]] = {}
    for example in examples(context.name).values():
        if isinstance(example, Command):
            commands.setdefault(example.stream_id, []).append(example)
    return commands


def step(context: Context, state: Any, command: Command) -> Stride:
    """Handle one command. The state that is kept beside the walk shows if anyone touches it."""
    before = copy.deepcopy(state)
    answer = context.decider.decide(state, command)
    events = answer.events if isinstance(answer, Decision) else ()
    return Stride(before, command, answer, fold_onto(context.decider, state, map(through_json, events)))


def walk(context: Context, commands: list[Command]) -> list[Stride]:
    """Handle the commands in turn, from the initial state on."""
    strides: list[Stride] = []
    state = context.decider.initial
    for command in commands:
        strides.append(step(context, state, command))
        state = strides[-1].after
    return strides


def walks(context: Context) -> st.SearchStrategy[list[Stride]]:
    """Any walk. What the examples ask of other streams is asked of the first one too."""
    by_stream = example_commands(context)
    first = next(iter(by_stream))
    commands = [
        command.model_copy(update={command.stream_field: first}) for asked in by_stream.values() for command in asked
    ]
    return st.lists(st.sampled_from(commands), max_size=LONGEST_WALK).map(lambda chosen: walk(context, chosen))


def event_types(context: Context) -> set[type[Event]]:
    """The events that a context emits."""
    return {model for model in catalogue().present.values() if model.context == context.name}
