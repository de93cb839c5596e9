"""How long a saga waits for the answer to what it has asked: so that it waits for nobody without an end.

A command, or its answer, may be lost or late: its context may be away, its lane may have stopped, its record may be
gone. So whoever asks sets this deadline, and when it passes asks again, each time with more patience. What must not be
done twice keeps its id (`Step.asked_by`). In the end it is for a person to look.
"""

from typing import Annotated

from pydantic import Field

from workers.core.saga import ClearDeadline, SetDeadline

ANSWER = "answer"
"""The name of the deadline."""

ANSWER_SECONDS = 60.0
MOST_ASKED_AGAIN = 3

AskedAgain = Annotated[int, Field(exclude_if=lambda times: times == 0)]
"""A field of a saga's state: how many times. Left out as long as it is none: so an earlier release, which does not know
it, can go on with the instance while the workers are being replaced.
"""


def wait_for_answer(asked_again: int) -> SetDeadline:
    """The deadline of what is asked now, after so many times before: a minute, then two, four, eight."""
    return SetDeadline(ANSWER, ANSWER_SECONDS * 2**asked_again)


def answered() -> ClearDeadline:
    """Nothing is waited for any more."""
    return ClearDeadline(ANSWER)


def may_ask_again(asked_again: int) -> bool:
    """Whether it is not yet time for a person to look."""
    return asked_again < MOST_ASKED_AGAIN
