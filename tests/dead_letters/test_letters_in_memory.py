"""The operations on dead letters, on the twins: what an operator does is recorded first, and done once."""

from uuid import UUID, uuid5

import pytest

from contracts.users.commands import CreateUser
from contracts.users.examples import CREATE_ADA
from tests.command.installation import command_id
from tests.dead_letters.in_memory import COMMANDS, LETTERS, DeskInMemory
from tests.dead_letters.letters import original, written
from workers.operations.dead_letters.choosing import LetterChoice, LetterFilters
from workers.operations.dead_letters.discarding import can_be_discarded, discard
from workers.operations.dead_letters.letter import RecordPosition
from workers.operations.dead_letters.reading import LetterStatus, NoSuchLetter
from workers.operations.dead_letters.retrying import RetryResult
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord
from workers.ports.outcomes import CommandKey

EVE = CreateUser(user_id="eve", first_name="Eve", last_name="Moore", email=CREATE_ADA.email)
FIRST_RETRY = str(uuid5(UUID(command_id(1)), "retry/1"))
SECOND_RETRY = str(uuid5(UUID(command_id(1)), "retry/2"))


@pytest.fixture
def desk() -> DeskInMemory:
    return DeskInMemory()


async def retried(desk: DeskInMemory, *statuses: LetterStatus, force: bool = False) -> list[RetryResult]:
    letters = [status.letter for status in statuses]
    return await desk.retrying().retry(letters, desk.operator(), force=force, wait_seconds=1.0)


async def test_a_failed_command_is_sent_as_a_new_one_once(desk: DeskInMemory) -> None:
    letter = await desk.failed(CREATE_ADA, 1)
    (result,) = await retried(desk, letter)
    assert str(result.plan.preview) == "would be accepted: users.UserCreated"
    assert result.outcome is not None
    assert (result.sent, result.outcome.status, result.outcome.command_id) == (True, "accepted", FIRST_RETRY)
    assert desk.table.commands[CommandKey("users", CREATE_ADA.user_id, FIRST_RETRY)].causation_id == command_id(1)
    (again,) = await retried(desk, letter)
    assert (again.sent, again.plan.preview[:2]) == (False, ("handled", "accepted"))
    (status,) = await desk.letters()
    assert status.state == "retried"
    (action,) = status.actions
    assert (action.actor, action.action, action.reason) == ("ada", "dlq-retry", "the bug is fixed")
    assert action.details == {
        "command_id": FIRST_RETRY,
        "root_id": command_id(1),
        "attempt": 1,
        "dlq_reason": "HandlerFailed",
        "preview": "accepted",
    }


async def test_a_retry_that_fails_too_leaves_one_chain_of_attempts(desk: DeskInMemory) -> None:
    letter = await desk.failed(CREATE_ADA, 1)
    desk.is_broken = True
    (result,) = await retried(desk, letter)
    assert result.outcome is not None
    assert result.outcome.status == "failed"
    desk.is_broken = False
    first, second = await desk.letters()
    for status in (first, second):
        plan = await desk.retrying().plan(status.letter)
        assert plan.attempt is not None
        assert (plan.attempt.number, plan.attempt.command_id) == (2, SECOND_RETRY)
    await retried(desk, second)
    assert [row.status for row in desk.table.commands.values()] == ["failed", "failed", "accepted"]
    (old,) = await retried(desk, first)
    assert not old.sent


async def test_a_dry_run_changes_nothing(desk: DeskInMemory) -> None:
    letter = await desk.failed(CREATE_ADA, 1)
    before = desk.sent
    result = await desk.retrying().dry_run(letter.letter, force=False)
    assert (result.sent, result.outcome, result.plan.preview.verdict) == (True, None, "accepted")
    assert can_be_discarded(letter)
    assert (desk.sent, desk.rows.rows) == (before, [])


async def test_a_preview_knows_the_claims_of_other_streams(desk: DeskInMemory) -> None:
    letter = await desk.failed(EVE, 1)
    await desk.send(CREATE_ADA, 2)
    (result,) = await retried(desk, letter)
    assert result.plan.preview[:2] == ("rejected", "EmailTaken")
    assert result.outcome is not None
    assert result.outcome.error is not None
    assert result.outcome.error.code == "EmailTaken"


async def test_what_is_no_command_is_sent_by_force_only(desk: DeskInMemory) -> None:
    await desk.send(CREATE_ADA, 1, value=b"never json")
    (status,) = await desk.letters()
    before = desk.sent
    (result,) = await retried(desk, status)
    assert (result.sent, result.plan.preview[:2]) == (False, ("unreadable", "MalformedJson"))
    assert (desk.sent, desk.rows.rows) == (before, [])
    (forced,) = await retried(desk, status, force=True)
    assert (forced.sent, forced.outcome) == (True, None)
    await desk.work()
    first, second = await desk.letters()
    assert (first.state, second.state) == ("retried", "open")


async def test_what_cannot_be_recorded_is_not_sent(desk: DeskInMemory) -> None:
    letter = await desk.failed(CREATE_ADA, 1)
    plan = await desk.retrying().plan(letter.letter)
    before = desk.sent
    desk.wire.away.add("Postgres")
    with pytest.raises(Unavailable):
        await desk.retrying().send([plan], desk.operator())
    assert desk.sent == before


async def test_what_was_recorded_and_not_sent_is_sent_under_the_same_id(desk: DeskInMemory) -> None:
    letter = await desk.failed(CREATE_ADA, 1)
    plan = await desk.retrying().plan(letter.letter)
    desk.wire.away.add("Kafka")
    with pytest.raises(Unavailable):
        await desk.retrying().send([plan], desk.operator())
    desk.wire.away.clear()
    (status,) = await desk.letters()
    assert status.state == "retried"
    (result,) = await retried(desk, status)
    assert result.outcome is not None
    assert (result.outcome.status, result.outcome.command_id) == ("accepted", FIRST_RETRY)
    assert [row.action for row in desk.rows.rows] == ["dlq-retry", "dlq-resend"]


async def test_the_outcomes_are_waited_for_within_a_bound(desk: DeskInMemory) -> None:
    letter = await desk.failed(CREATE_ADA, 1)
    desk.worker_runs = False
    before = desk.clock()
    (result,) = await retried(desk, letter)
    assert (result.sent, result.outcome) == (True, None)
    assert 1.0 <= desk.clock() - before < 2.0


async def test_a_letter_is_discarded_once_and_can_be_retried(desk: DeskInMemory) -> None:
    status = await desk.failed(CREATE_ADA, 1)
    assert await discard(desk.operator("bob"), status)
    (status,) = await desk.letters()
    assert status.state == "discarded"
    (action,) = status.actions
    assert (action.actor, action.action, action.details) == ("bob", "dlq-discard", {"dlq_reason": "HandlerFailed"})
    assert not await discard(desk.operator(), status)
    assert len(desk.rows.rows) == 1
    await retried(desk, status)
    assert (await desk.letters())[0].state == "retried"


async def test_letters_are_chosen_by_position_or_by_filter(desk: DeskInMemory) -> None:
    for number in (1, 2, 3):
        await desk.send(CREATE_ADA, number, value=b"never json")
    positions = [RecordPosition(COMMANDS, 0, offset) for offset in (2, 0)]
    named = LetterChoice(positions, (), LetterFilters(), None)
    (batch,) = [batch async for batch in desk.dead_letters().chosen(named)]
    assert [status.letter.position for status in batch] == positions
    matching = LetterChoice((), [COMMANDS], LetterFilters(reason="MalformedJson"), "open")
    (batch,) = [batch async for batch in desk.dead_letters().chosen(matching)]
    assert len(batch) == 3
    none = LetterChoice((), [COMMANDS], LetterFilters(reason="HandlerFailed"), "open")
    assert [batch async for batch in desk.dead_letters().chosen(none)] == []


@pytest.mark.parametrize("topic", [COMMANDS, "orders.commands"])
async def test_letters_that_do_not_exist_are_named(desk: DeskInMemory, topic: str) -> None:
    await desk.send(CREATE_ADA, 1, value=b"never json")
    missing = RecordPosition(topic, 0, 9)
    choice = LetterChoice([RecordPosition(COMMANDS, 0, 0), missing], (), LetterFilters(), None)
    with pytest.raises(NoSuchLetter, match=f"{topic}/0/9") as caught:
        _ = [batch async for batch in desk.dead_letters().chosen(choice)]
    assert caught.value.positions == [missing]


async def test_records_that_no_worker_has_written_are_counted(desk: DeskInMemory) -> None:
    desk.broker.append(LETTERS, 0, [OutboundRecord(b"eve", b"{}", []), written(original(topic=COMMANDS))])
    letters = desk.dead_letters()
    batches = [batch async for batch in letters.matching(COMMANDS, LetterFilters(), "open")]
    assert (sum(map(len, batches)), letters.foreign_records) == (1, 1)


async def test_open_letters_are_counted_as_they_come_and_go(desk: DeskInMemory) -> None:
    counted = desk.open_letters()
    assert await counted.refresh() == {}
    for number in (1, 2):
        await desk.send(CREATE_ADA, number, value=b"never json")
    desk.clock.advance(60.0)
    groups = await counted.refresh()
    assert {key: (group.open_count, group.oldest_age_seconds) for key, group in groups.items()} == {
        (COMMANDS, "MalformedJson"): (2, 60.0)
    }
    first, second = await desk.letters()
    await discard(desk.operator(), first)
    assert (await counted.refresh())[COMMANDS, "MalformedJson"].open_count == 1
    await retried(desk, second, force=True)
    assert await counted.refresh() == {}
    await desk.work()
    assert (await counted.refresh())[COMMANDS, "MalformedJson"].open_count == 1


async def test_open_letters_of_a_topic_that_was_created_again_are_forgotten(desk: DeskInMemory) -> None:
    await desk.send(CREATE_ADA, 1, value=b"never json")
    counted = desk.open_letters()
    assert len(await counted.refresh()) == 1
    desk.broker.recreate_topic(LETTERS, 1)
    assert await counted.refresh() == {}


async def test_open_letters_of_a_topic_that_lost_its_end_are_counted_again(desk: DeskInMemory) -> None:
    counted = desk.open_letters()
    for number in (1, 2, 3):
        await desk.send(CREATE_ADA, number, value=b"never json")
    assert (await counted.refresh())[COMMANDS, "MalformedJson"].open_count == 3
    desk.broker.shorten(LETTERS, 0, 1)
    assert (await counted.refresh())[COMMANDS, "MalformedJson"].open_count == 1
    desk.clock.advance(1.0)
    for number in (4, 5):
        await desk.send(CREATE_ADA, number, value=b"no json either")
    assert (await counted.refresh())[COMMANDS, "MalformedJson"].open_count == 3
