"""Scratch space keeps the steps that an instance must have sent, and what it has handled of their answers."""

from collections.abc import Iterator

import pytest

from infra.memory.verification.steps import memory_scratch
from infra.sqlite.step_scratch import sqlite_scratch
from tests.ports.test_saga_store import step
from tests.postgres.batches import command_id
from workers.ports.sagas import InstanceKey
from workers.ports.verification.steps import (
    AnsweredStep,
    ExpectedStep,
    HandledAnswer,
    ScratchSpace,
    StepScratch,
)

ADA = InstanceKey("welcome", "ada")
ANSWER = HandledAnswer(3, "AccountNotFound", "2026-05-04T12:30:15.123456Z")


def expected(number: int, partition: int = 0, **changes: object) -> ExpectedStep:
    return ExpectedStep(("users", partition), step(number, **changes))


@pytest.fixture(params=[sqlite_scratch, memory_scratch], ids=["real", "memory"])
def scratch(request: pytest.FixtureRequest) -> Iterator[StepScratch]:
    space: ScratchSpace = request.param
    with space() as empty:
        yield empty


def test_a_step_is_taken_out_once_by_its_instance(scratch: StepScratch) -> None:
    full = expected(1, 3, actor="clerk", traceparent="00-a-b-01", handles_rejection=True, data=b"\xff")
    scratch.keep([full, expected(2)])
    assert scratch.pop(InstanceKey("welcome", "bob"), command_id(1)) is None
    assert scratch.pop(ADA, command_id(9)) is None
    assert scratch.pop(ADA, command_id(1)) == AnsweredStep(full, None)
    assert scratch.pop(ADA, command_id(1)) is None


def test_the_first_step_under_a_command_id_stays(scratch: StepScratch) -> None:
    scratch.keep([expected(1), expected(1, step="another")])
    scratch.keep([expected(1, step="yet another")])
    assert scratch.pop(ADA, command_id(1)) == AnsweredStep(expected(1), None)


def test_steps_are_listed_by_name_and_stream(scratch: StepScratch) -> None:
    same = [expected(1), expected(2)]
    scratch.keep([*same, expected(3, step="another"), expected(4, stream_id="bob"), expected(5, instance_id="bob")])
    assert sorted(scratch.sent(ADA, "welcome", "ada")) == [AnsweredStep(kept, None) for kept in same]
    assert list(scratch.sent(ADA, "welcome", "nobody")) == []


def test_an_answer_is_kept_with_its_step(scratch: StepScratch) -> None:
    scratch.keep([expected(1), expected(2)])
    scratch.note_answer(command_id(1), HandledAnswer(1, None, "2026-05-04T12:30:15Z"))
    scratch.note_answer(command_id(1), ANSWER)
    scratch.note_answer(command_id(9), ANSWER)
    scratch.keep([expected(1)])
    assert scratch.pop(ADA, command_id(1)) == AnsweredStep(expected(1), ANSWER)
    assert scratch.pop(ADA, command_id(2)) == AnsweredStep(expected(2), None)


def test_what_is_left_is_read_page_by_page(scratch: StepScratch) -> None:
    scratch.keep([expected(number) for number in (3, 1, 2)])
    assert list(scratch.steps_after("", 2)) == [step(1), step(2)]
    assert list(scratch.steps_after(command_id(2), 2)) == [step(3)]
    scratch.clear()
    assert list(scratch.steps_after("", 2)) == []
