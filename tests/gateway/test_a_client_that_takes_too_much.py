"""What one client may have of the server's memory and time: each limit is enforced on a real connection.

The controls are the same attacks on the server without these limits.
"""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from infra.processes.http_connections import ConnectionLimits
from infra.processes.http_settings import connection_limits
from infra.settings import Settings
from tests.gateway.bounded_server import LARGE_BYTES, exchanged, served
from tests.waiting import until

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n\r\n"
MEGABYTE = 1_000_000
ENDLESS_BYTES = 100 * MEGABYTE


async def pushed(writer: asyncio.StreamWriter, piece: bytes, most_bytes: int) -> int:
    """How many bytes of an endless repetition the server takes before it closes the connection."""
    sent_bytes = 0
    with suppress(ConnectionError):
        while sent_bytes < most_bytes:
            writer.write(piece)
            await writer.drain()
            sent_bytes += len(piece)
    return sent_bytes


async def trickled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int = 200) -> bytes:
    """What the server answers to a client that sends a byte each tenth of a second, until it closes the connection."""
    answer = b""
    for _ in range(most):
        try:
            writer.write(b"a")
            await writer.drain()
            piece = await asyncio.wait_for(reader.read(65_536), 0.1)
        except TimeoutError:
            continue
        except ConnectionError:
            return answer
        if not piece:
            return answer
        answer += piece
    raise AssertionError("the server reads for ever")


@pytest.mark.parametrize(("bounded", "status"), [(True, b"431 "), (False, b"200 ")])
async def test_a_head_that_is_too_large_is_refused(bounded: bool, status: bytes) -> None:
    async with served(bounded=bounded) as server:
        for header in (b"X-Long: " + b"x" * 20_000 + b"\r\n", b"x:\r\n" * 101):
            answer = await exchanged(*await server.connect(), GET + header + CLOSE)
            assert answer.startswith(b"HTTP/1.1 " + status), answer[:300]
            assert bounded is (b"HeadersTooLarge" in answer)
        assert b"200 OK" in await exchanged(*await server.connect(), GET + b"X: " + b"x" * 15_000 + b"\r\n" + CLOSE)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (GET + b"X-Long: ", b"x" * 65_536),
        (GET, b"x-many: 1\r\n" * 6000),
        (b"GET /", b"x" * 65_536),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ", b"x" * 65_536),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x-many: 1\r\n" * 6000),
        (GET + b"\r\n" + GET + b"X-Long: ", b"x" * 65_536),
    ],
    ids=["one header", "many headers", "the address", "one trailer", "many trailers", "a second request"],
)
async def test_an_endless_head_takes_no_memory(begin: bytes, piece: bytes) -> None:
    async with served() as server:
        before_bytes = server.memory_bytes()
        _, writer = await server.connect()
        writer.write(begin)
        assert await pushed(writer, piece, ENDLESS_BYTES) < ENDLESS_BYTES
        assert server.memory_bytes() - before_bytes < 10 * MEGABYTE


async def test_an_endless_head_takes_what_it_wants_without_the_limit() -> None:
    async with served(bounded=False) as server:
        before_bytes = server.memory_bytes()
        _, writer = await server.connect()
        writer.write(GET)
        assert await pushed(writer, b"x-many: 1\r\n" * 6000, 20 * MEGABYTE) >= 20 * MEGABYTE
        assert server.memory_bytes() - before_bytes > 20 * MEGABYTE


async def test_the_refusal_arrives_although_the_client_is_still_sending() -> None:
    async with served() as server:
        reader, writer = await server.connect()
        writer.write(GET + b"X-Long: " + b"x" * MEGABYTE)
        answer = await asyncio.wait_for(reader.read(), 30)
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert b"application/problem+json" in answer


async def test_a_head_that_trickles_in_is_ended() -> None:
    async with served(header_seconds=0.5) as server:
        reader, writer = await server.connect()
        writer.write(GET + b"X-Slow: ")
        answer = await trickled(reader, writer)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"HeadersTooSlow" in answer


async def test_so_is_one_on_a_connection_that_was_used_before() -> None:
    async with served(header_seconds=0.5) as server:
        reader, writer = await server.connect()
        writer.write(GET + b"\r\n")
        assert b"200 OK" in await reader.readuntil(b"}")
        writer.write(GET + b"X-Slow: ")
        assert b"HTTP/1.1 408 " in await trickled(reader, writer)


async def test_a_body_that_goes_on_behind_its_answer_is_ended() -> None:
    async with served(header_seconds=0.5) as server:
        reader, writer = await server.connect()
        writer.write(b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        assert b"404 Not Found" in await reader.readuntil(b"}")
        await trickled(reader, writer)


async def test_a_body_that_trickles_in_is_ended() -> None:
    async with served(body_seconds=0.5) as server:
        reader, writer = await server.connect()
        writer.write(POST + b"Content-Length: 1000000\r\n\r\n{")
        answer = await trickled(reader, writer)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"BodyTooSlow" in answer


@pytest.mark.parametrize("sends", [b"", b"\r\n"], ids=["nothing", "an empty line"])
async def test_a_silent_connection_is_ended(sends: bytes) -> None:
    async with served(header_seconds=0.5) as server:
        assert b"200" not in await exchanged(*await server.connect(), sends)


async def test_an_idle_connection_is_ended_by_its_own_limit() -> None:
    async with served(header_seconds=0.1, idle_seconds=2) as server:
        reader, writer = await server.connect()
        started = asyncio.get_running_loop().time()
        assert b"200 OK" in await exchanged(reader, writer, GET + b"\r\n")
        assert 1.9 < asyncio.get_running_loop().time() - started < 10


async def test_a_client_that_reads_no_answer_is_cut_off() -> None:
    async with served(reader_seconds=1.0) as server:
        before_bytes = server.memory_bytes()
        _, writer = await server.connect(buffer_bytes=4096)  # the rest stays with the server
        writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")

        async def is_held() -> bool:
            return server.memory_bytes() - before_bytes > LARGE_BYTES / 2

        async def is_gone() -> bool:
            return server.connections() == 0 and not await is_held()

        await until(is_held, "the answer waits for its reader", every=0.01)
        await until(is_gone, "the connection is closed and the answer forgotten")


async def test_a_client_that_reads_steadily_gets_a_whole_answer() -> None:
    async with served(reader_seconds=0.5) as server:
        reader, writer = await server.connect()
        writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        read_bytes = 0
        while piece := await reader.read(262_144):
            read_bytes += len(piece)
            await asyncio.sleep(0.01)  # a slow line
        assert read_bytes > LARGE_BYTES


async def test_requests_that_do_not_wait_for_answers_are_few() -> None:
    async with served() as server:
        reader, writer = await server.connect()
        few = await exchanged(reader, writer, (GET + b"\r\n") * 15 + GET + CLOSE)
        assert few.count(b"200 OK") == 16
        many = await exchanged(*await server.connect(), (GET + b"\r\n") * 5000)
        assert many.count(b"200 OK") < 100


@pytest.mark.parametrize("request_bytes", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_no_request_gets_a_problem_document(request_bytes: bytes) -> None:
    async with served() as server:
        answer = await exchanged(*await server.connect(), request_bytes)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"MalformedRequest" in answer


def test_limits_are_those_of_the_settings() -> None:
    assert connection_limits(Settings(http_max_connections=100)) == ConnectionLimits(total=100, of_a_peer=100)
    given = Settings(
        http_max_connections=50,
        http_max_peer_connections=10,
        http_max_header_bytes=2048,
        http_header_seconds=1.5,
        http_idle_seconds=7,
        http_reader_seconds=2.5,
    )
    assert connection_limits(given) == ConnectionLimits(50, 10, 2048, 1.5, 7, 2.5)


def test_a_process_never_holds_more_connections_than_it_may_open_files() -> None:
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (600, 1000))\n"
        "from infra.processes.http_settings import connection_limits; from infra.settings import Settings\n"
        "print(connection_limits(Settings()).total, resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True, env={**os.environ}
    )
    assert "ANNALS_HTTP_MAX_CONNECTIONS" in ended.stdout + ended.stderr
    total, soft_limit = map(int, ended.stdout.splitlines()[-1].split())
    assert soft_limit == 1000, "it takes all that it may have"
    assert 0 < total <= 1000 - 512
