"""The deadline for an answer, so that no saga waits without an end.

A command, or its answer, may be lost or late: its context is away, its lane has stopped, its record is gone. So a saga
sets this deadline with each command that it needs an answer to. When the deadline passes, the saga sends the command
again and waits twice as long. What must not be done twice keeps its id (`Step.asked_by`). After the last repeat the
instance is stuck, and a person has to look.
"""

from typing import Annotated

from pydantic import Field

from workers.core.saga import ClearDeadline, SetDeadline

ANSWER = "answer"
"""The name of the deadline."""

ANSWER_SECONDS = 60.0
MAX_REPEATS = 3

Unanswered = Annotated[int, Field(exclude_if=lambda times: times == 0)]
"""A fact of a saga's state: how many times in a row the deadline has passed. Zero is left out of what is stored, so an
earlier release that does not know the field can go on with the instance while the workers are being replaced.
"""


def wait_for_answer(unanswered: int) -> SetDeadline:
    """The deadline of what is asked for now, after so many deadlines that have passed: 1, 2, 4 or 8 minutes."""
    return SetDeadline(ANSWER, ANSWER_SECONDS * 2**unanswered)


def answered() -> ClearDeadline:
    """The saga waits for no answer any more."""
    return ClearDeadline(ANSWER)


def is_in_vain(unanswered: int) -> bool:
    """Whether the last repeat has no answer either."""
    return unanswered > MAX_REPEATS
