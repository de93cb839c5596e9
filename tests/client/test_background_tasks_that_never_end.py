"""The client's own tasks: whatever a connection ends with, they say it aloud, once, and go on."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import AuthenticationFailedError, GroupAuthorizationFailedError, KafkaConnectionError, KafkaError

from contracts.client import connection, replies, sender
from contracts.client.connection import FailureLog
from contracts.client.errors import KafkaUnavailable
from contracts.client.topic_states import TopicState
from tests.waiting import until

ENDS: dict[str, Callable[[], BaseException]] = {
    "no broker": lambda: KafkaConnectionError("Unable to bootstrap"),
    "a wrong password": lambda: AuthenticationFailedError("no such user"),
    "no right": lambda: GroupAuthorizationFailedError("replies"),
    "what the driver calls unexpected": lambda: KafkaError("Unexpected error during batch delivery"),
    "an answer that is no Kafka's": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    "a bug": lambda: ValueError("a bug for the test"),
    "an end of a driver's own task": asyncio.CancelledError,
}
every_end = pytest.mark.parametrize("name", ENDS)
BUGS = {"a bug", "an answer that is no Kafka's", "an end of a driver's own task"}


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="contracts.client")
    monkeypatch.setattr(sender, "FIRST_RETRY_SECONDS", 0.001)
    monkeypatch.setattr(replies, "RETRY_SECONDS", 0.001)


class Scripted:
    """Stands for a producer or a consumer whose first starts fail."""

    starts = 0
    fails: list[BaseException]

    def __init__(self, **_: Any) -> None: ...

    async def start(self) -> None:
        type(self).starts += 1
        if self.fails:
            raise self.fails.pop(0)

    async def stop(self) -> None: ...

    def assign(self, _: Any) -> None: ...

    def seek(self, *_: Any) -> None: ...

    async def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(places, 7)

    async def topic_states(self, _: list[str]) -> dict[str, TopicState]:
        return {}

    async def getmany(self, *_: Any, **__: Any) -> dict[Any, Any]:
        await asyncio.sleep(0.001)
        return {}


def scripted(error: BaseException, times: int = 3) -> type[Scripted]:
    return type("Scripted", (Scripted,), {"fails": [error] * times, "starts": 0})


def said(caplog: pytest.LogCaptureFixture, name: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == f"contracts.client.{name}"]


@every_end
async def test_the_sender_connects_in_the_end(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kind = scripted(ENDS[name]())
    monkeypatch.setattr(sender, "AIOKafkaProducer", kind)
    sending = sender.Sender({}, 5.0)
    sending.start()

    async def connected() -> bool:
        return kind.starts == 4 and sending._connected.is_set()

    try:
        await until(connected, "it is connected", seconds=10, every=0.002)
    finally:
        await sending.stop()
    lines = said(caplog, "sender")
    assert [line.levelname for line in lines] == ["ERROR" if name in BUGS else "WARNING", "WARNING"]
    assert bool(lines[0].exc_info) == (name in BUGS)
    assert "no longer" in lines[1].getMessage()


@every_end
async def test_the_reader_of_replies_reads_in_the_end(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kind = scripted(ENDS[name]())
    monkeypatch.setattr(replies, "Consumer", kind)

    async def partitions(_: str) -> list[int]:
        return [0]

    reading = replies.Replies({}, "replies", partitions)
    reading.start()
    try:
        async with asyncio.timeout(10):
            assert await reading.address() == "replies:0"
    finally:
        await reading.stop()
    assert kind.starts == 4
    assert said(caplog, "replies")[0].levelname == ("ERROR" if name in BUGS else "WARNING")


async def test_a_topic_without_partitions_does_not_end_the_reader_of_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "Consumer", scripted(KafkaConnectionError(), 0))
    answers: list[Any] = [KafkaUnavailable("no such topic", waited_seconds=1), [], [3]]

    async def partitions(_: str) -> list[int]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        partition_numbers: list[int] = answer
        return partition_numbers

    reading = replies.Replies({}, "replies", partitions)
    reading.start()
    try:
        async with asyncio.timeout(10):
            assert await reading.address() == "replies:3"
    finally:
        await reading.stop()


async def test_a_caller_that_cannot_send_learns_why(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = scripted(AuthenticationFailedError("no such user"), 10_000)
    monkeypatch.setattr(sender, "AIOKafkaProducer", kind)
    sending = sender.Sender({}, 0.1)
    sending.start()
    try:
        with pytest.raises(KafkaUnavailable, match=r"no connection: .*no such user; set user, password"):
            await sending.send("users.commands", b"ada", b"{}", [], command_id="1")
        with pytest.raises(KafkaUnavailable, match=r"no broker answers: .*no such user"):
            await sending.check()
    finally:
        async with asyncio.timeout(5):
            await sending.stop()


def test_a_reason_that_stays_is_repeated_each_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    monkeypatch.setattr(connection, "monotonic", lambda: now)
    failures = FailureLog("it does not work", logging.getLogger("contracts.client.test"))
    for after, lines in ((0, 1), (1, 1), (58, 1), (2, 2), (1, 2)):
        now += after
        failures.failed(KafkaConnectionError("gone"))
        assert len(said(caplog, "test")) == lines
    failures.failed(AuthenticationFailedError("another reason"))
    assert len(said(caplog, "test")) == 3
