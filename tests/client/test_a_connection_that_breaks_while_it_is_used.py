"""A connection that breaks while a request is written is an error of Kafka, also on uvloop, where the transport raises
RuntimeError (aio-libs/aiokafka#1038). Found when Kafka was killed under load: the task that fetches the metadata had
ended, and lanes that asked for offsets waited for ever.
"""

import asyncio
import socket
import struct
from typing import Any

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from contracts.client.broken_connections import keeps_metadata  # and with it, repaired connections
from contracts.client.topic_states import TopicStatesRequest

API_VERSIONS, METADATA = 18, 3
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Broker:
    """Answers two requests, and can reset its connections."""

    def __init__(self) -> None:
        self.port = 0
        self._connections: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        return self.port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(writer)
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                answer = request[4:8] + (
                    self._api_versions() if request[:2] == struct.pack(">h", API_VERSIONS) else self._metadata()
                )
                writer.write(struct.pack(">i", len(answer)) + answer)
        except (OSError, EOFError):
            writer.close()

    @staticmethod
    def _api_versions() -> bytes:
        return struct.pack(">hi", 0, 2) + struct.pack(">hhh", METADATA, 0, 0) + struct.pack(">hhh", API_VERSIONS, 0, 0)

    def _metadata(self) -> bytes:
        """Version 0: one broker, which is this one, and no topic."""
        host = b"127.0.0.1"
        return struct.pack(">iih", 1, 0, len(host)) + host + struct.pack(">i", self.port) + struct.pack(">i", 0)

    def reset_connections(self) -> None:
        connections, self._connections = self._connections, []
        for writer in connections:
            end = writer.get_extra_info("socket")
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


def ask_between_loss_and_close(connection: AIOKafkaConnection) -> asyncio.Future[Any]:
    """Send a request when the transport is closed and aiokafka has not yet closed the connection. What came of it."""
    loop = asyncio.get_running_loop()
    outcome = loop.create_future()
    lost = connection._protocol.connection_lost

    def ask() -> None:
        try:
            outcome.set_result(asyncio.ensure_future(connection.send(MetadataRequest([]))))
        except Exception as error:  # noqa: BLE001  # the test says which it must be
            outcome.set_exception(error)

    def connection_lost(error: Exception | None) -> None:
        lost(error)
        loop.call_soon(ask)

    connection._protocol.connection_lost = connection_lost
    return outcome


@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_on_it_is_refused_with_an_error_of_kafka(loop: str) -> None:
    async def test() -> None:
        broker = Broker()
        connection = await create_conn("127.0.0.1", await broker.start(), client_id="test")
        outcome = ask_between_loss_and_close(connection)
        broker.reset_connections()
        with pytest.raises(KafkaConnectionError):
            await (await outcome)
        assert not connection.connected(), "the next request opens another one"

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(asyncio.wait_for(test(), 30))


class ClosedTransport:
    """Of uvloop: it refuses what is written to it."""

    def __init__(self, open_until_now: asyncio.StreamWriter) -> None:
        self.close = open_until_now.close

    def write(self, _: bytes) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


async def test_the_metadata_is_fetched_again_over_another_connection() -> None:
    client = AIOKafkaClient(bootstrap_servers=f"127.0.0.1:{await Broker().start()}", retry_backoff_ms=10)
    await client.bootstrap()
    try:
        async with asyncio.timeout(10):
            assert await client.force_metadata_update()
            (connection,) = client._conns.values()
            connection._writer = ClosedTransport(connection._writer)
            assert not await client.force_metadata_update(), "the closed one is noticed"
            assert keeps_metadata(client)
            assert await client.force_metadata_update(), "and another one opened"
    finally:
        await client.close()


async def test_a_request_that_the_broker_does_not_know_breaks_no_connection() -> None:
    """aiokafka raises NotImplementedError, which is a RuntimeError too."""
    connection = await create_conn("127.0.0.1", await Broker().start(), client_id="test")
    try:
        with pytest.raises(NotImplementedError):
            connection.send(TopicStatesRequest(["users.events"]))
        assert await connection.send(MetadataRequest([])), "it is as it was"
    finally:
        connection.close()
