"""`SagaLane`: an event is applied once, its steps leave after the commit, and again by the next owner if in doubt."""

import asyncio
from dataclasses import replace

import pytest

from contracts.envelope import read_command
from contracts.users.commands import WelcomeUser
from contracts.users.examples import ADA_CREATED
from tests.lanes.recorded_rows import inbound, inbound_all
from tests.saga.installation import LANE, ROWS, Installation
from workers.domain import contexts
from workers.ports.lanes import Fenced, Unavailable

ADA = ADA_CREATED.user_id
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_answers_events_with_commands_after_the_commit() -> None:
    installation = Installation()
    lane = installation.lane()
    assert await lane.acquire() == 0
    await lane.handle(inbound_all(ROWS))
    assert installation.journal == ["acquire", "commit", "send"]
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.statuses == {ADA: "welcomed", "bob": "welcome", "carl": "welcome"}
    row = installation.store.rows[LANE]
    assert (row.consumed, row.sequence, row.input_sequence, row.owner) == (5, 3, 5, "tester")


async def test_sends_commands_that_their_worker_can_read() -> None:
    row = ROWS[0]._replace(traceparent=TRACE)
    installation = Installation([row])
    lane = installation.lane()
    await lane.acquire()
    await lane.handle([inbound(row, 0)])
    ((topic, partition, message),) = installation.sender.delivered
    assert (topic, partition) == ("users.commands", None), "the key decides"
    envelope = read_command(message.headers, message.key)
    (step,) = installation.store.outbox
    assert (envelope.id, envelope.type, envelope.subject) == (step.command_id, WelcomeUser.type, ADA)
    assert envelope.source == "/annals/sagas/welcome"
    assert (envelope.correlation_id, envelope.causation_id) == (ROWS[0].correlation_id, ROWS[0].event_id)
    assert (envelope.actor, envelope.traceparent) == ("tester", TRACE)
    assert envelope.reply_to is None
    assert WelcomeUser.model_validate_json(message.value or b"") == WelcomeUser(user_id=ADA)
    assert all(value for _, value in message.headers)


async def test_is_quiet_about_what_it_has_passed() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    await lane.handle([inbound(ROWS[1], 5), inbound(ROWS[0], 6)])
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.store.rows[LANE].consumed == 7, "a repeat need not be read again either"
    assert installation.store.rows[LANE].input_sequence == 5


async def test_of_a_new_owner_is_quiet_too() -> None:
    installation = Installation()
    for _ in range(2):
        lane = installation.lane()
        await lane.acquire()
        await lane.handle(inbound_all(ROWS))
        await lane.release()
    assert installation.welcomed == [ADA, "bob", "carl"]


async def test_notes_where_each_saga_begins_that_is_new_to_it() -> None:
    installation = Installation()
    (welcome,) = contexts()["users"].sagas
    lane = installation.lane([welcome])
    await lane.acquire()
    await lane.handle(inbound_all(ROWS[:3]))
    await lane.release()
    await installation.lane([welcome, replace(welcome, name="later")]).acquire()
    noted = {
        (beginning.saga, beginning.event_type): after
        for (_, beginning), after in installation.store.table.beginnings.items()
    }
    types = ("UserCreated", "UserWelcomed", "UserDeleted")
    assert noted == {**{("welcome", type_): 0 for type_ in types}, **{("later", type_): 3 for type_ in types}}


async def test_takes_from_the_table_what_the_log_lacks() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle([inbound(ROWS[0], 0), inbound(ROWS[4], 1)])
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.statuses[ADA] == "welcomed"


async def test_that_could_not_send_has_its_next_owner_send() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    installation.sender.away = True
    with pytest.raises(Unavailable):
        await lane.handle(inbound_all(ROWS))
    lane.abandon()
    assert installation.store.rows[LANE].consumed == 5, "what was decided is in the table"
    with pytest.raises(Unavailable):
        await installation.lane().acquire()
    installation.sender.away = False
    assert await installation.lane().acquire() == 5
    assert installation.welcomed == [ADA, "bob", "carl"]


async def test_sends_again_from_the_mark_under_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.saga.outbox.RESEND_BATCH_STEPS", 2)
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    lane.abandon()  # without telling the mark, as a killed worker does
    first = list(installation.sender.delivered)
    await installation.lane().acquire()
    assert installation.sender.delivered == [*first, *first]
    assert installation.journal.count("send") == 3


async def test_tells_its_mark_with_the_next_batch_and_on_leaving() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS[:2]))
    assert installation.store.rows[LANE].mark.sequence == 0, "committed before it was sent"
    await lane.handle([inbound(row, row.sequence - 1) for row in ROWS[2:]])
    assert installation.store.rows[LANE].mark.sequence == 2
    await lane.release()
    assert installation.store.rows[LANE].mark.sequence == 3
    await installation.lane().acquire()
    assert len(installation.welcomed) == 3


async def test_that_was_replaced_writes_and_sends_nothing() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await installation.store.acquire(LANE, "another")
    with pytest.raises(Fenced):
        async with asyncio.timeout(5.0):
            await lane.handle(inbound_all(ROWS))
    assert installation.welcomed == []
    assert installation.store.stored == {}
    assert installation.store.rows[LANE].consumed == 0
