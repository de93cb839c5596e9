"""Whatever happens to requests, answers and sessions, a broker knows the partitions that a consumer wants of it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11
from hypothesis import given
from hypothesis import strategies as st

from contracts.client import fetch_waits
from contracts.client.consumer import Consumer
from contracts.client.fetch_sessions import (
    LAST_EPOCH,
    NO_SESSION,
    FetchSession,
    SessionFetch,
)
from contracts.client.fetch_waits import SHORT_WAIT_MILLISECONDS, FetchClient
from infra.settings import Settings
from tests.client.session_broker import MOST_BYTES, PLACES, Broker, Wanted, fetch, places_of
from tests.waiting import until

STEPS = st.tuples(
    st.dictionaries(st.sampled_from(PLACES), st.integers(0, 2)),
    st.sampled_from(["well", "request lost", "answer lost", "sessions lost", "no room", "room"]),
)


@given(st.lists(STEPS, max_size=30))
def test_are_answered_for_just_what_is_wanted(steps: Sequence[tuple[Wanted, str]]) -> None:
    broker, session, lost = Broker(), FetchSession(), 0
    for wanted, event in steps:
        if event == "sessions lost":
            broker.sessions.clear()
        broker.has_room = event == "room" or (broker.has_room and event != "no room")
        request = SessionFetch(fetch(wanted), session).build(FetchRequest_v11)
        if event == "request lost":
            session.begin_again()
            continue
        answer, taken = broker.answer(request)
        if event == "answer lost":
            lost += 1
            session.begin_again()
            continue
        brought = session.wanted_of(answer)
        if answer.error_code:
            assert not brought.topics
            request = SessionFetch(fetch(wanted), session).build(FetchRequest_v11)
            answer, taken = broker.answer(request)
            brought = session.wanted_of(answer)
        assert not answer.error_code, "after one refusal it is well"
        assert taken == wanted
        assert places_of(brought) == set(wanted)
        assert len(broker.sessions) <= 1 + lost, "no session is left behind whose id is known"


def test_name_nothing_when_nothing_has_changed() -> None:
    broker, session, wanted = Broker(), FetchSession(), dict.fromkeys(PLACES, 7)
    for expected in (len(PLACES), 0, 0):
        request = SessionFetch(fetch(wanted), session).build(FetchRequest_v11)
        assert sum(len(partitions) for _, partitions in request.topics) == expected
        session.wanted_of(broker.answer(request)[0])


def test_go_on_after_the_last_number() -> None:
    broker, session, wanted = Broker(), FetchSession(), dict.fromkeys(PLACES, 7)
    session.wanted_of(broker.answer(SessionFetch(fetch(wanted), session).build(FetchRequest_v11))[0])
    session._epoch = LAST_EPOCH
    broker.sessions = {number: (LAST_EPOCH, known) for number, (_, known) in broker.sessions.items()}
    for _ in range(2):
        answer, _ = broker.answer(SessionFetch(fetch(wanted), session).build(FetchRequest_v11))
        assert not answer.error_code
        session.wanted_of(answer)


def test_are_none_for_a_broker_that_knows_no_sessions() -> None:
    session, wanted = FetchSession(), dict.fromkeys(PLACES, 7)
    for _ in range(2):
        request = SessionFetch(fetch(wanted), session).build(FetchRequest_v4)
        assert sum(len(partitions) for _, partitions in request.topics) == len(PLACES)
        answer = SimpleNamespace(topics=[("users.events", [(0, 0, 7, b"")])], API_VERSION=4)
        assert session.wanted_of(answer) is answer


def test_name_the_partitions_in_another_order_each_time_to_a_broker_that_knows_no_sessions() -> None:
    """It answers as far as there is room, from the first one on: no partition may always be the last."""
    session, wanted = FetchSession(), {("users.events", partition): 7 for partition in range(20)}
    orders = set()
    for _ in range(5):
        ((_, partitions),) = SessionFetch(fetch(wanted), session).build(FetchRequest_v4).topics
        orders.add(tuple(number for number, *_ in partitions))
    assert len(orders) > 1
    assert {frozenset(order) for order in orders} == {frozenset(range(20))}


async def test_are_looked_up_again_only_for_the_partitions_that_the_answer_is_about() -> None:
    line, request = Line(), fetch(dict.fromkeys(PLACES, 0))
    line.brings = {PLACES[1]}
    await FetchClient(line, SHORT_WAIT_MILLISECONDS).send(1, request)
    assert request.topics == [(PLACES[1][0], [(PLACES[1][1], 0, MOST_BYTES)])]


def test_bring_no_partition_that_is_not_wanted() -> None:
    """aiokafka's fetcher would end on it, and the consumer read nothing more."""
    broker, session = Broker(), FetchSession()
    request = SessionFetch(fetch({PLACES[0]: 7}), session).build(FetchRequest_v11)
    answer, _ = broker.answer(request)
    answer.topics += [("users.events", [(1, 0, 7, b"")]), ("payments.events", [(0, 0, 7, b"")])]
    assert places_of(session.wanted_of(answer)) == {PLACES[0]}


def test_raise_another_error_of_the_broker() -> None:
    session = FetchSession()
    SessionFetch(fetch({PLACES[0]: 7}), session).build(FetchRequest_v11)
    with pytest.raises(KafkaError):
        session.wanted_of(SimpleNamespace(topics=[], error_code=-1, session_id=0, API_VERSION=11))


class Line:
    """The client of a fetcher that has one broker. What it is to `lose` is raised in place of the answer, and the
    broker has not got the request.
    """

    _request_timeout_ms = 40_000

    def __init__(self) -> None:
        self.broker = Broker()
        self.taken: Wanted = {}
        self.lose: Callable[[], BaseException] | None = None
        self.brings = set(PLACES)
        self._conns: dict[object, object] = {}

    async def ready(self, node_id: int, *, group: int) -> bool:
        return True

    async def send(self, node_id: int, request: FetchRequest, *, group: int) -> Any:
        built = request.build(FetchRequest_v11)
        if self.lose is not None:
            raise self.lose()
        answer, self.taken = self.broker.answer(built)
        answer.topics = [
            (topic, [partition for partition in partitions if (topic, partition[0]) in self.brings])
            for topic, partitions in answer.topics
        ]
        return answer


@pytest.mark.parametrize("lost", [KafkaConnectionError, asyncio.CancelledError, "given up"])
async def test_name_all_again_after_a_request_that_was_lost(
    monkeypatch: pytest.MonkeyPatch, lost: type[BaseException] | str
) -> None:
    """The broker lacks what was named in it, and nothing would name it again."""
    monkeypatch.setattr(fetch_waits, "QUIET_SECONDS", 0.0)
    line = Line()
    fetches = FetchClient(line, SHORT_WAIT_MILLISECONDS)

    def give_up() -> BaseException:
        fetches.note_movement()
        error: BaseException = KafkaConnectionError()
        return error

    await fetches.send(1, fetch(dict.fromkeys(PLACES, 0)))
    moved = {**dict.fromkeys(PLACES, 0), PLACES[1]: 5}
    if isinstance(lost, str):
        line.lose = give_up
        assert not (await fetches.send(1, fetch(moved))).topics
    else:
        line.lose = lost
        with pytest.raises(lost):
            await fetches.send(1, fetch(moved))
    line.lose = None
    await fetches.send(1, fetch(moved))
    assert line.taken == moved


@pytest.fixture
async def consumer(settings: Settings, places: list[TopicPartition]) -> AsyncIterator[Consumer]:
    started = Consumer(bootstrap_servers=settings.kafka_bootstrap_servers, client_id=uuid.uuid4().hex)
    await started.start()
    started.assign(places)
    for place in places:
        started.seek(place, 0)
    yield started
    await started.stop()


async def reads_on(consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition]) -> None:
    """A record in each partition, one after the other, is read, and once."""
    for place in places:
        position = await consumer.position(place)
        sent = await producer.send_and_wait(place.topic, b"{}", partition=place.partition)
        read: list[tuple[TopicPartition, int]] = []

        async def is_read(read: list[tuple[TopicPartition, int]] = read) -> bool:
            fetched = await consumer.getmany(timeout_ms=100)
            read += [(where, record.offset) for where, records in fetched.items() for record in records]
            return bool(read)

        await until(is_read, "the record is read", seconds=30)
        assert read == [(place, sent.offset)]
        assert sent.offset == position


async def test_read_all_that_comes(
    consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition]
) -> None:
    await reads_on(consumer, producer, places)
    consumer.pause(places[0])
    await reads_on(consumer, producer, places[1:])
    consumer.resume(places[0])
    await reads_on(consumer, producer, places)
    (session,) = consumer._fetcher.fetches._sessions.values()
    assert session._id != NO_SESSION
    assert session._epoch > 1


@pytest.mark.parametrize("changed", [{"_id": 7}, {"_epoch": 7_000}], ids=["the session", "the last request"])
async def test_begin_again_when_the_broker_knows_another(
    consumer: Consumer, producer: AIOKafkaProducer, places: list[TopicPartition], changed: Mapping[str, int]
) -> None:
    await reads_on(consumer, producer, places)
    (session,) = consumer._fetcher.fetches._sessions.values()
    vars(session).update(changed)
    await reads_on(consumer, producer, places)
    (session,) = consumer._fetcher.fetches._sessions.values()
    assert all(vars(session)[name] != value for name, value in changed.items())
