"""Scratch space for the steps of saga instances, in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workers.ports.sagas import InstanceKey, StepRow
from workers.ports.verification.steps import AnsweredStep, ExpectedStep, HandledAnswer


class MemoryStepScratch:
    """`StepScratch` in a dict by command id."""

    def __init__(self) -> None:
        self._steps: dict[str, AnsweredStep] = {}

    def keep(self, steps: Sequence[ExpectedStep]) -> None:
        for step in steps:
            self._steps.setdefault(step.row.command_id, AnsweredStep(step, None))

    def sent(self, key: InstanceKey, step: str, to: str) -> Sequence[AnsweredStep]:
        wanted = (*key, step, to)
        return [kept for kept in self._steps.values() if _address(kept.step.row) == wanted]

    def note_answer(self, command_id: str, answer: HandledAnswer) -> None:
        if command_id in self._steps:
            self._steps[command_id] = self._steps[command_id]._replace(answer=answer)

    def pop(self, key: InstanceKey, command_id: str) -> AnsweredStep | None:
        kept = self._steps.get(command_id)
        if kept is None or _address(kept.step.row)[:2] != key:
            return None
        return self._steps.pop(command_id)

    def steps_after(self, command_id: str, limit: int) -> Sequence[StepRow]:
        later = sorted(kept for kept in self._steps if kept > command_id)
        return [self._steps[kept].step.row for kept in later[:limit]]

    def clear(self) -> None:
        self._steps.clear()


def _address(row: StepRow) -> tuple[str, str, str, str]:
    return row.saga, row.instance_id, row.step, row.stream_id


@contextmanager
def memory_scratch() -> Iterator[MemoryStepScratch]:
    """A `ScratchSpace`."""
    yield MemoryStepScratch()
