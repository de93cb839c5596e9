"""`SagaLane`: an event is applied once, its steps leave after the commit, and again by the next owner if in doubt."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from contracts.catalogue import catalogue
from contracts.envelope import read_command
from contracts.topics import Topics
from contracts.users.commands import WelcomeUser
from contracts.users.events import UserCreated
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, ADA_WELCOMED
from tests.lanes.in_memory import CourierInMemory, Journal, LaneRows
from tests.lanes.recorded_rows import event_rows, inbound, inbound_all
from workers.core.recorded import Recorded
from workers.core.saga import Saga, Step
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.ports.lanes import Fenced, LaneKey, Mark, Unavailable
from workers.ports.parked import ParkedStream, Wish
from workers.ports.sagas import InstanceKey, InstanceRow, SagaBatch, StepRow
from workers.saga.lane import SagaLane, SagaPorts

TOPICS = Topics()
LANE = LaneKey("saga", "users.events", 0)


def created(name: str) -> UserCreated:
    return ADA_CREATED.model_copy(update={"user_id": name, "email": f"{name}@example.org"})


ROWS = event_rows(ADA_CREATED, created("bob"), ADA_WELCOMED, ADA_MOVED_TO_TURIN, created("carl"))


@dataclass
class SagasInMemory(LaneRows):
    """`SagaStore` in memory."""

    stored: dict[InstanceKey, InstanceRow] = field(default_factory=dict)
    outbox: list[StepRow] = field(default_factory=list)
    table: list[EventRow] = field(default_factory=list)
    waiting: dict[tuple[str, str], ParkedStream] = field(default_factory=dict)
    wished: list[Wish] = field(default_factory=list)

    async def instances(self, keys: Sequence[InstanceKey]) -> Mapping[InstanceKey, bytes]:
        await self.reached()
        return {key: self.stored[key].state for key in keys if key in self.stored}

    async def outbox_after(self, lane: LaneKey, position: int, limit: int) -> Sequence[StepRow]:
        await self.reached()
        return [step for step in self.outbox if step.position > position][:limit]

    async def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        await self.reached()
        return [row for row in self.table if row.sequence > sequence][:limit]

    async def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        await self.reached()
        return [row for row in self.table if row.stream_id == stream_id and row.stream_version > version][:limit]

    async def parked(self, lane: LaneKey) -> Sequence[ParkedStream]:
        await self.reached()
        return list(self.waiting.values())

    async def wishes(self, lane: LaneKey) -> Sequence[Wish]:
        await self.reached()
        return [wish for wish in self.wished if (wish.follower, wish.stream_id) in self.waiting]

    async def commit(self, batch: SagaBatch) -> None:
        await self.reached()
        row = self.held(batch.lane, batch.epoch)
        positions = {step.position for step in self.outbox}
        assert positions.isdisjoint(step.position for step in batch.steps), "a place in the outbox was given twice"
        row.consumed, row.sequence, row.input_sequence = batch.consumed, batch.position, batch.input_sequence
        row.mark = Mark(batch.published, -1)
        self.stored |= {InstanceKey(each.saga, each.instance_id): each for each in batch.instances}
        self.outbox += batch.steps
        ended = {*batch.unparked, *((each.follower, each.stream_id) for each in batch.parked)}
        self.wished = [wish for wish in self.wished if (wish.follower, wish.stream_id) not in ended]
        self.waiting = {place: each for place, each in self.waiting.items() if place not in ended}
        self.waiting |= {(each.follower, each.stream_id): each for each in batch.parked}
        self.journal.append("commit")


class Installation:
    """Everything that outlives a worker."""

    def __init__(self) -> None:
        self.journal: Journal = []
        self.store = SagasInMemory(self.journal, table=ROWS)
        self.courier = CourierInMemory(self.journal)

    def lane(self, sagas: Sequence[Saga[Any]] = contexts()["users"].sagas) -> SagaLane:
        ports = SagaPorts(
            store=self.store, courier=self.courier, topics=TOPICS, owner="tester", events=catalogue().events
        )
        return SagaLane("users", sagas, 0, ports)

    @property
    def welcomed(self) -> list[str]:
        """Whom the delivered commands are for, in order."""
        return [(record.key or b"").decode() for _, _, record in self.courier.delivered]

    @property
    def statuses(self) -> dict[str, str]:
        return {key.instance_id: row.status for key, row in self.store.stored.items()}


ADA = ADA_CREATED.user_id


async def test_answers_events_with_commands_after_the_commit() -> None:
    installation = Installation()
    lane = installation.lane()
    assert await lane.take() == 0
    await lane.handle(inbound_all(ROWS))
    assert installation.journal == ["take", "commit", "deliver"]
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.statuses == {ADA: "welcomed", "bob": "welcome", "carl": "welcome"}
    row = installation.store.rows[LANE]
    assert (row.consumed, row.sequence, row.input_sequence) == (5, 3, 5)


async def test_sends_commands_that_their_worker_can_read() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    await lane.handle(inbound_all(ROWS[:1]))
    ((topic, partition, message),) = installation.courier.delivered
    assert (topic, partition) == ("users.commands", None), "the key decides"
    envelope = read_command(message.headers, message.key)
    (step,) = installation.store.outbox
    assert (envelope.id, envelope.type, envelope.subject) == (step.command_id, WelcomeUser.type, ADA)
    assert envelope.source == "/annals/sagas/welcome"
    assert (envelope.correlation_id, envelope.causation_id) == (ROWS[0].correlation_id, ROWS[0].event_id)
    assert envelope.actor == "tester"
    assert envelope.reply_to is None
    assert WelcomeUser.model_validate_json(message.value or b"") == WelcomeUser(user_id=ADA)
    assert all(value for _, value in message.headers)


async def test_is_quiet_about_what_it_has_passed() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    await lane.handle(inbound_all(ROWS))
    await lane.handle([inbound(ROWS[1], 5), inbound(ROWS[0], 6)])
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.store.rows[LANE].consumed == 7, "a repeat need not be read again either"
    assert installation.store.rows[LANE].input_sequence == 5


async def test_of_a_new_owner_is_quiet_too() -> None:
    installation = Installation()
    for _ in range(2):
        lane = installation.lane()
        await lane.take()
        await lane.handle(inbound_all(ROWS))
        await lane.leave()
    assert installation.welcomed == [ADA, "bob", "carl"]


async def test_takes_from_the_table_what_the_log_lacks() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    await lane.handle([inbound(ROWS[0], 0), inbound(ROWS[4], 1)])
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.statuses[ADA] == "welcomed"


async def test_that_could_not_send_has_its_next_owner_send() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    installation.courier.away = True
    with pytest.raises(Unavailable):
        await lane.handle(inbound_all(ROWS))
    lane.drop()
    assert installation.store.rows[LANE].consumed == 5, "what was decided is in the table"
    with pytest.raises(Unavailable):
        await installation.lane().take()
    installation.courier.away = False
    assert await installation.lane().take() == 5
    assert installation.welcomed == [ADA, "bob", "carl"]


async def test_sends_again_from_the_mark_under_the_same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.saga.lane.RESEND_BATCH_STEPS", 2)
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    await lane.handle(inbound_all(ROWS))
    lane.drop()  # without telling the mark, as a killed worker does
    first = list(installation.courier.delivered)
    await installation.lane().take()
    assert installation.courier.delivered == [*first, *first]
    assert installation.journal.count("deliver") == 3


async def test_tells_its_mark_with_the_next_batch_and_on_leaving() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    await lane.handle(inbound_all(ROWS[:2]))
    assert installation.store.rows[LANE].mark.sequence == 0, "told before it was sent"
    await lane.handle([inbound(row, row.sequence - 1) for row in ROWS[2:]])
    assert installation.store.rows[LANE].mark.sequence == 2
    await lane.leave()
    assert installation.store.rows[LANE].mark.sequence == 3
    await installation.lane().take()
    assert len(installation.welcomed) == 3


async def test_that_was_replaced_writes_and_sends_nothing() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.take()
    await installation.store.take(LANE, "another")
    with pytest.raises(Fenced):
        async with asyncio.timeout(5.0):
            await lane.handle(inbound_all(ROWS))
    assert installation.welcomed == []
    assert installation.store.stored == {}
    assert installation.store.rows[LANE].consumed == 0


def cannot_take(stream_id: str) -> list[Saga[Any]]:
    """The welcome, by code with a bug."""
    (welcome,) = contexts()["users"].sagas

    def decide(state: Any, recorded: Recorded) -> tuple[Step, ...]:
        if recorded.stream_id == stream_id:
            raise ValueError("a bug")
        return tuple(welcome.decide(state, recorded))

    return [replace(welcome, decide=decide)]


async def test_parks_the_stream_of_an_event_that_a_saga_cannot_take_and_goes_on_with_all_others() -> None:
    installation = Installation()
    lane = installation.lane(cannot_take(ADA))
    await lane.take()
    await lane.handle(inbound_all(ROWS))
    assert installation.welcomed == ["bob", "carl"]
    assert installation.statuses == {"bob": "welcome", "carl": "welcome"}
    (waiting,) = installation.store.waiting.values()
    assert (waiting.follower, waiting.stream_id, waiting.stream_version) == ("welcome", ADA, 1)
    assert installation.store.rows[LANE].consumed == 5


async def test_brings_a_parked_stream_up_to_date_in_order_when_the_code_is_mended() -> None:
    installation = Installation()
    broken = installation.lane(cannot_take(ADA))
    await broken.take()
    await broken.handle(inbound_all(ROWS[:4]))
    installation.store.wished = [Wish("welcome", ADA, "retry")]
    mended = installation.lane()
    await mended.take()
    await mended.idle()
    assert (installation.store.waiting, installation.store.wished) == ({}, [])
    assert installation.statuses[ADA] == "welcomed"
    sent = [step.stream_id for step in installation.store.outbox]
    assert sent == ["bob", ADA], "the step of the first event, though a later one has ended what it began"
    await mended.handle(inbound_all(ROWS)[4:])
    row = installation.store.rows[LANE]
    assert (row.consumed, row.sequence, row.input_sequence) == (5, 3, 5)


async def test_passes_over_an_event_when_told_to() -> None:
    installation = Installation()
    lane = installation.lane(cannot_take("bob"))
    await lane.take()
    await lane.handle(inbound_all(ROWS))
    installation.store.wished = [Wish("welcome", "bob", "skip")]
    await lane.idle()
    assert installation.store.waiting == {}
    assert "bob" not in installation.statuses
