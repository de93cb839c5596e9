"""Requests that are measured have a limit, and an answer belongs to the request it was asked by."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psutil
import pytest

from infra.measuring.bench.http_connection import LOOPBACK, Connections, get_request
from infra.measuring.bench.reads.closed_loop import WrongAnswer, closed_loop

LIMIT_SECONDS = 30.0


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes | None], *, closes: bool = False) -> AsyncIterator[int]:
    """The port of a server that answers the path of a request with this status line; None: never."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            status = answer(head.split()[1])
            if status is not None:
                writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n")
            if closes:
                break
        writer.close()

    async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    running = await asyncio.start_server(ended, LOOPBACK, 0)
    async with running:
        yield running.sockets[0].getsockname()[1]


async def test_a_late_answer_is_not_that_of_the_next_request() -> None:
    async with server(lambda path: None if path == b"/silent" else b"201 Created") as port:
        connections = Connections(port)
        assert await connections.request(get_request("/silent"), 0.05) is None
        answer = await connections.request(get_request("/"), LIMIT_SECONDS)
        connections.close()
    assert answer is not None
    assert answer.status == 201


async def test_a_connection_that_the_server_has_closed_is_made_again() -> None:
    async with server(lambda _: b"201 Created", closes=True) as port:
        connections = Connections(port)
        answers = [await connections.request(get_request("/"), LIMIT_SECONDS) for _ in range(2)]
        connections.close()
    assert [answer.status for answer in answers if answer is not None] == [201, 201]


async def test_without_a_server_there_is_no_answer() -> None:
    async with server(lambda _: b"200 OK") as port:
        pass
    assert await Connections(port).request(get_request("/"), LIMIT_SECONDS) is None


async def test_a_wrong_answer_to_one_of_several_clients_is_told_by_itself() -> None:
    async with server(lambda _: b"404 Not Found") as port:
        with pytest.raises(WrongAnswer, match="GET /users/1 was answered with 404"):
            await closed_loop(psutil.Process(), port, [get_request("/users/1")], 2, 0.05)


async def test_a_server_that_is_silent_ends_a_closed_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.measuring.bench.reads.closed_loop.ANSWER_SECONDS", 0.05)
    async with server(lambda _: None) as port:
        with pytest.raises(TimeoutError):
            await closed_loop(psutil.Process(), port, [get_request("/")], 2, 0.05)
