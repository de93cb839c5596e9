"""`CommandLane`: the order in which things leave it, and what happens when one of them cannot."""

import asyncio

import pytest

from contracts.partitioner import partition_for
from contracts.users.commands import UpdateUser
from contracts.users.examples import CREATE_ADA, WELCOME_ADA
from tests.command.installation import COMMANDS, LANE, TOPICS, Installation, command_id, record
from tests.command.table import UNSTORABLE
from tests.waiting import until
from workers.command.publisher import AWAY_SECONDS
from workers.command.records import event_record
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Fenced, Mark, Unavailable
from workers.ports.log import InboundRecord, PublishFailed

BOB = CREATE_ADA.model_copy(update={"user_id": "bob", "email": "bob@example.org"})
# Keys that belong to partition 0 and to partition 3 of four.
HERE = CREATE_ADA.model_copy(update={"user_id": "user-1"})
ELSEWHERE = BOB.model_copy(update={"user_id": "user-0"})


def malformed(offset: int) -> InboundRecord:
    return InboundRecord(COMMANDS, 0, offset, b"ada", b"\x00\xff", (("x-trace", b"\xfe"),), 0)


async def test_commits_before_it_publishes_and_answers() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 0), record(WELCOME_ADA, 1)])
    assert installation.journal[:2] == ["acquire", "commit"]
    assert set(installation.journal[2:4]) == {"send_nowait", "append"}
    assert installation.journal[4:] == ["release"]
    assert installation.published == [event_record(row) for row in installation.table.lane()]


async def test_notes_on_leaving_what_the_log_has() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 0)], [record(WELCOME_ADA, 1)])
    row = installation.table.rows[LANE]
    assert (row.consumed, row.sequence, row.mark, row.owner) == (2, 2, Mark(2, 1), None)


async def test_that_was_replaced_leaves_nothing_published_or_answered() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await installation.table.acquire(LANE, "another")
    with pytest.raises(Fenced):
        await lane.handle([record(CREATE_ADA, 0)])
    lane.abandon()
    assert installation.table.events == []
    assert installation.table.handled == {}
    assert installation.table.unique_claims == {}
    assert installation.table.rows[LANE].consumed == 0
    assert installation.published == []
    assert installation.replies == []


async def test_that_was_paused_before_it_read_the_answer_to_its_commit_publishes_nothing_when_it_was_replaced() -> None:
    installation = Installation()

    def replaced() -> None:
        installation.elapsed_seconds += AWAY_SECONDS + 1
        installation.table.table.acquire(LANE, "another")

    installation.table.line.afterwards.append(replaced)
    lane = installation.lane()
    await lane.acquire()

    async def handled_and_left() -> None:
        """Either says that the lane is lost: the publisher works beside them."""
        await lane.handle([record(CREATE_ADA, 0)])
        await lane.release()

    with pytest.raises(Fenced):
        await handled_and_left()
    lane.abandon()
    assert len(installation.table.events) == 1
    assert installation.published == []


async def test_publishes_beside_the_next_batch() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    installation.log.open.clear()
    async with asyncio.timeout(5.0):
        await lane.handle([record(CREATE_ADA, 0)])
        await lane.handle([record(WELCOME_ADA, 1)])
    assert installation.table.line.commits == 2
    assert installation.table.rows[LANE].mark == Mark(0, -1), "what is not acknowledged may not be marked"
    installation.log.open.set()
    await lane.release()
    lane.abandon()
    assert installation.published_sequences == [1, 2]


@pytest.mark.parametrize("step", ["handle", "idle", "release"])
async def test_learns_at_its_next_step_that_publishing_failed(step: str) -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    installation.log.open.clear()
    await lane.handle([record(CREATE_ADA, 0)])
    installation.log.fails = True
    installation.log.open.set()

    async def failed() -> bool:
        try:
            await lane.idle()
        except PublishFailed:
            return True
        return False

    await until(failed, "publishing has failed", seconds=5.0, every=0.002)
    steps = {"handle": lambda: lane.handle([record(WELCOME_ADA, 1)]), "idle": lane.idle, "release": lane.release}
    with pytest.raises(PublishFailed):
        await steps[step]()
    lane.abandon()
    assert installation.table.rows[LANE].owner == "tester", "a lane that could not publish was not left in good order"
    installation.log.fails = False
    await installation.handle()
    assert installation.published == [event_record(row) for row in installation.table.lane()]


async def test_sends_a_misdirected_command_on_as_it_came_before_the_offset_moves() -> None:
    installation = Installation(partitions=4)
    stray = record(ELSEWHERE, 0)
    stray = stray._replace(headers=[("x-own", b"\xff\x00"), *stray.headers, ("x-own", b"again")])
    await installation.handle([stray, record(HERE, 1)])
    assert installation.journal[:3] == ["acquire", "send", "commit"]
    ((topic, partition, message),) = installation.sender.delivered
    assert (topic, partition) == (COMMANDS, partition_for(stray.key or b"", 4)), "the key decides where it belongs"
    assert (message.key, message.value) == (stray.key, stray.value)
    assert list(message.headers) == list(stray.headers)
    assert list(installation.table.handled) == [command_id(1)]
    assert installation.table.rows[LANE].consumed == 2
    assert [reply[0] for reply in installation.replies] == [command_id(1)]


@pytest.mark.parametrize("stray", [malformed(0), record(ELSEWHERE, 0)], ids=["dead letter", "misdirected"])
async def test_does_not_move_on_while_something_cannot_be_sent_away(stray: InboundRecord) -> None:
    installation = Installation(partitions=4)
    installation.sender.away = True
    lane = installation.lane()
    await lane.acquire()
    with pytest.raises(Unavailable):
        await lane.handle([stray, record(HERE, 1)])
    lane.abandon()
    assert installation.table.rows[LANE].consumed == 0
    assert installation.table.handled == {}
    installation.sender.away = False
    await installation.handle([stray, record(HERE, 1)])
    assert len(installation.sender.delivered) == 1
    assert installation.table.rows[LANE].consumed == 2


async def test_delivers_dead_letters_before_it_commits_and_goes_on() -> None:
    installation = Installation()
    stray = malformed(1)
    await installation.handle([record(CREATE_ADA, 0), stray, record(WELCOME_ADA, 2)])
    assert installation.journal[:3] == ["acquire", "send", "commit"]
    ((topic, _, letter),) = installation.sender.delivered
    assert topic == TOPICS.dead_letters(COMMANDS)
    assert (letter.key, letter.value) == (stray.key, stray.value)
    assert letter.headers[0] == ("x-trace", b"\xfe")
    added = dict(letter.headers[1:])
    assert list(added) == ["dlq_reason", "dlq_error", "dlq_topic", "dlq_partition", "dlq_offset", "dlq_time"]
    assert (added["dlq_offset"], added["dlq_time"]) == (b"1", b"2026-05-04T12:30:15.123456Z")
    assert len(installation.table.lane()) == 2
    assert installation.table.rows[LANE].consumed == 3


async def test_moves_on_over_a_batch_of_nothing_but_dead_letters() -> None:
    installation = Installation()
    await installation.handle([malformed(0), malformed(1)])
    assert installation.table.rows[LANE].consumed == 2
    assert len(installation.dead_letters) == 2
    assert "append" not in installation.journal


async def test_refuses_the_one_command_that_cannot_be_stored() -> None:
    installation = Installation()
    broken = UpdateUser(user_id=CREATE_ADA.user_id, city=UNSTORABLE)
    await installation.handle(
        [record(CREATE_ADA, 0), record(broken, 1), record(BOB, 2), record(broken, 1, offset=3), record(WELCOME_ADA, 4)]
    )
    statuses = [installation.outcome(number).status for number in (0, 1, 2, 4)]
    assert statuses == ["accepted", "rejected", "accepted", "accepted"]
    error = installation.outcome(1).error
    assert error is not None
    assert error.code == "ValidationFailed"
    assert UNSTORABLE not in installation.table.handled[command_id(1)].outcome.decode()
    assert [(row.sequence, row.type) for row in installation.table.lane()] == [
        (1, "UserCreated"),
        (2, "UserCreated"),
        (3, "UserWelcomed"),
    ]
    assert installation.table.rows[LANE].consumed == 5
    assert len(installation.replies) == 5


async def test_gives_up_when_even_the_rejection_cannot_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation()

    async def refuse(_: object) -> None:
        raise Unstorable("for the test")

    monkeypatch.setattr(installation.table, "commit", refuse)
    lane = installation.lane()
    await lane.acquire()
    with pytest.raises(Unstorable):
        async with asyncio.timeout(5.0):
            await lane.handle([record(CREATE_ADA, 0), record(BOB, 1)])
    lane.abandon()


async def test_keeps_what_it_knows_of_a_stream_only_if_it_was_committed() -> None:
    installation = Installation()
    user = CREATE_ADA.user_id
    broken = UpdateUser(user_id=user, city=UNSTORABLE)
    as_before, changed = UpdateUser(user_id=user, city="London"), UpdateUser(user_id=user, city="Turin")
    commands = [CREATE_ADA, broken, as_before, changed]
    await installation.handle(*([record(command, place)] for place, command in enumerate(commands)))
    assert installation.outcome(2).events == (), "the rejected change was kept"
    assert (installation.outcome(3).stream_version, installation.outcome(3).sequence) == (2, 2)
