"""A consumer that is stopped while its broker is away ends in good order, and so does its caller.

Found by a soak: the client's reader of replies was replaced while Kafka was down, ended with the CancelledError of a
fetch that waited to be repeated, and no task read replies any more.
"""

import asyncio
import linecache

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from infra.kafka.topics import create_topics, topics_of
from infra.settings import Settings
from tests.faults.proxy import Proxy
from tests.waiting import until
from workers.domain import contexts

# So long that a fetch which has failed is still waiting when the consumer is stopped.
RETRY_BACKOFF_MILLISECONDS = 600_000


async def test_stops_without_an_error_and_closes_its_connections(settings: Settings) -> None:
    await create_topics(settings, topics_of(list(contexts()), settings))
    port = int(str(settings.kafka_bootstrap_servers).rpartition(":")[2])
    proxy = Proxy(port, is_kafka=True)
    await proxy.start()
    consumer = Consumer(
        bootstrap_servers=f"127.0.0.1:{proxy.port}",
        retry_backoff_ms=RETRY_BACKOFF_MILLISECONDS,
        group_id=None,
    )
    try:
        await consumer.start()
        place = TopicPartition(f"{settings.topic_prefix}users.events", 0)
        consumer.assign([place])
        consumer.seek(place, 0)
        await consumer.getmany(timeout_ms=100)
        await proxy.stop()

        async def between_fetches() -> bool:
            return any(_waits_to_fetch_again(task) for task in consumer._fetcher._pending_tasks)

        await until(between_fetches, "the fetch has failed and waits")
        stopping = asyncio.create_task(consumer.stop())
        await asyncio.wait([stopping], timeout=10)
        assert stopping.done()
        assert not stopping.cancelled()
        assert stopping.exception() is None
        assert consumer._client._sync_task is None, "its client is closed as well"
    finally:
        await proxy.stop()


def _waits_to_fetch_again(task: "asyncio.Task[object]") -> bool:
    """Whether it is a fetch that has failed and stands at its pause before the next one."""
    stack = task.get_stack()
    if not stack:
        return False
    frame = stack[-1]
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return frame.f_code.co_name == "_proc_fetch_request" and "_retry_backoff" in line
