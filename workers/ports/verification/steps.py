"""Scratch space for the steps that the journals of saga instances lead to: an instance may have more than memory holds.

It belongs to one verification and is gone after it. Nothing here waits: it is memory, or a private file.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from workers.ports.sagas import InstanceKey, StepRow

SagaLane = tuple[str, int]
"""A lane of sagas: the context whose events it reads, and the partition."""


class ExpectedStep(NamedTuple):
    """A step that an instance decides by its journal, and the lane in whose outbox it must stand. The position in `row`
    counts the instance's own steps, from 1.
    """

    lane: SagaLane
    row: StepRow


class HandledAnswer(NamedTuple):
    """An answer to a step that the instance has handled as the `version`-th entry of its journal: a rejection with this
    code, or, with None, an acceptance that changed nothing. The command was handled at `handled_at` (RFC 3339).
    """

    version: int
    code: str | None
    handled_at: str


class AnsweredStep(NamedTuple):
    """An expected step, and the answer that its instance has handled, if any."""

    step: ExpectedStep
    answer: HandledAnswer | None


class StepScratch(Protocol):
    """Expected steps, each under its command id."""

    def keep(self, steps: Sequence[ExpectedStep]) -> None:
        """Keep these steps, without answers. A step whose command id is kept already is passed over."""
        ...

    def sent(self, key: InstanceKey, step: str, to: str) -> Sequence[AnsweredStep]:
        """An instance's steps of this name to this stream id, in any order."""
        ...

    def note_answer(self, command_id: str, answer: HandledAnswer) -> None:
        """Keep the answer beside the step with this command id, in place of an earlier one."""
        ...

    def pop(self, key: InstanceKey, command_id: str) -> AnsweredStep | None:
        """Remove the instance's step with this command id and return it; None, changing nothing, when there is none."""
        ...

    def steps_after(self, command_id: str, limit: int) -> Sequence[StepRow]:
        """At most `limit` steps with greater command ids, in the order of those."""
        ...

    def clear(self) -> None:
        """Forget all steps."""
        ...


ScratchSpace = Callable[[], AbstractContextManager[StepScratch]]
"""Opens an empty scratch space; it is gone when the context ends."""
