"""Where there is nothing yet, a rejection names what it has not found: its sentence is read by itself, in a log."""

import pytest

from contracts.examples import examples
from contracts.message import Command
from workers.core.decider import Rejection
from workers.domain import contexts

COMMANDS = {
    f"{context} {name}": example
    for context in contexts()
    for name, example in examples(context).items()
    if isinstance(example, Command)
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_is_the_stream_that_the_command_was_for(command: Command) -> None:
    decider = contexts()[command.context].decider
    answer = decider.decide(decider.initial, command)
    if isinstance(answer, Rejection):
        assert command.stream_id in answer.message
