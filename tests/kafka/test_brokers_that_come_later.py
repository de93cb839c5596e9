"""A client whose start failed, because its brokers were silent or it was cancelled, starts again at the next call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import pytest_asyncio

from infra.kafka.connection import client_options
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.holes import HoleFinder
from infra.kafka.log_reader import LogReader
from infra.kafka.message_sender import KafkaMessageSender
from infra.settings import Settings
from tests.faults.proxy import HOST, Proxy
from tests.kafka.records import numbered
from tests.waiting import until
from workers.ports.lanes import Unavailable
from workers.ports.log import Partition, PublishFailed

Call = Callable[[], Awaitable[object]]


@pytest_asyncio.fixture
async def line(settings: Settings) -> AsyncIterator[Proxy]:
    assert settings.kafka_bootstrap_servers is not None
    line = Proxy(int(settings.kafka_bootstrap_servers.rpartition(":")[2]), is_kafka=True)
    await line.start()
    yield line
    await line.stop()


@pytest_asyncio.fixture
async def calls(settings: Settings, line: Proxy, topic: str, short_timeout: None) -> AsyncIterator[dict[str, Call]]:
    """The calls of each Kafka client, over a proxy. The first call of a client starts it."""
    behind = settings.model_copy(update={"kafka_bootstrap_servers": f"{HOST}:{line.port}"})
    log, reader, sender = KafkaEventLog(behind, signed_by=None), LogReader(behind), KafkaMessageSender(behind)
    holes, appending = HoleFinder(client_options(behind)), KafkaEventLog(behind, signed_by=None)

    async def records() -> object:
        return [batch async for batch in reader.records(topic, 0, 0)]

    yield {
        "the tail of the log": lambda: log.tail(topic, 0, 0),
        "the log's topic": lambda: log.topic(topic),
        "an append": lambda: appending.append(topic, 1, [numbered(1)]),
        "states": lambda: reader.states([topic]),
        "records": records,
        "an end": lambda: reader.end(topic, 0),
        "committed ends": lambda: reader.committed_ends(topic, 1),
        "a delivery": lambda: sender.send([(topic, 2, numbered(1))]),
        "a hole": lambda: holes.hole(Partition(topic, 0), 0, 0),
    }
    for client in (log, appending, reader, sender, holes):
        await client.stop()


CALLS = (
    "the tail of the log",
    "the log's topic",
    "an append",
    "states",
    "records",
    "an end",
    "committed ends",
    "a delivery",
    "a hole",
)


@pytest.mark.parametrize("call", CALLS)
async def test_after_silence(calls: dict[str, Call], line: Proxy, call: str) -> None:
    line.fall_silent()
    with pytest.raises((Unavailable, PublishFailed)):
        await calls[call]()
    line.speak_again()
    await until(lambda: _works(calls[call]), f"{call} works", seconds=20)


@pytest.mark.parametrize("call", CALLS)
async def test_after_its_start_was_cancelled(calls: dict[str, Call], line: Proxy, call: str) -> None:
    line.hold()
    task = asyncio.ensure_future(calls[call]())
    _, pending = await asyncio.wait([task], timeout=0.2)
    assert pending, "the call waits for the brokers"
    task.cancel()
    await asyncio.wait([task])
    line.let_go()
    await calls[call]()


async def _works(call: Call) -> bool:
    with suppress(Unavailable, PublishFailed):
        await call()
        return True
    return False
