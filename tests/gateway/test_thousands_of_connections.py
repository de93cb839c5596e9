"""However many connections are open, those that ask something are answered, and probes always are."""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.gateway.bounded_server import Server, exchanged, served

MANY = 5000
GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
BUSY = b"POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"

with_several_addresses = pytest.mark.skipif(sys.platform == "darwin", reason="loopback has one address only")


@pytest.fixture(autouse=True)
def may_open_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY + 1000:
        pytest.skip(f"this machine lets a process open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def opened(server: Server, count: int, begin: bytes = b"", source: str = "127.0.0.1") -> AsyncIterator[None]:
    """So many connections, of which each has sent `begin`."""
    writers = []
    try:
        for _ in range(count):
            _, writer = await server.connect(source)
            writers.append(writer)
            writer.write(begin)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize("begin", [b"", b"GET / HTTP/1.1\r\nX-Slow: "], ids=["silent", "in the middle of a head"])
async def test_silent_ones_make_room_for_those_that_ask(begin: bytes) -> None:
    async with served(header_seconds=600.0) as server, opened(server, MANY, begin):
        assert server.connections() <= 1000, "of one peer"
        slowest_seconds = 0.0
        for _ in range(20):
            for path in ("/healthz", "/metrics", "/users"):
                started = time.perf_counter()
                assert (await server.asked(path)).startswith(b"HTTP/1.1 200 OK")
                slowest_seconds = max(slowest_seconds, time.perf_counter() - started)
        assert slowest_seconds < 2.0


@with_several_addresses
async def test_silent_ones_of_every_address_do_too() -> None:
    async with (
        served(header_seconds=600.0, total=2000, of_a_peer=1000) as server,
        opened(server, 1500, source="127.0.0.2"),
        opened(server, 1500, source="127.0.0.3"),
    ):
        assert server.connections() <= 2000
        assert (await server.asked()).startswith(b"HTTP/1.1 200 OK")
        assert (await server.asked(source="127.0.0.2")).startswith(b"HTTP/1.1 200 OK")


async def test_they_starve_everybody_without_the_limits() -> None:
    async with served(bounded=False) as server, opened(server, 4005):
        assert (await server.asked()).startswith(b"HTTP/1.1 503 ")


@with_several_addresses
@pytest.mark.parametrize(("of_a_peer", "is_kept"), [(50, True), (200, False)], ids=["limited", "not limited"])
async def test_a_peer_with_too_many_loses_its_own_only(of_a_peer: int, is_kept: bool) -> None:
    async with served(total=200, of_a_peer=of_a_peer) as server:
        reader, writer = await server.connect("127.0.0.2")
        async with opened(server, 400, source="127.0.0.3"):
            try:
                writer.write(GET)
                answer = await asyncio.wait_for(reader.read(4096), 10)
            except ConnectionError:
                answer = b""
            assert answer.startswith(b"HTTP/1.1 200 OK") is is_kept


async def test_one_that_was_used_is_kept_before_those_that_never_sent_anything() -> None:
    async with served(total=100, of_a_peer=100) as server:
        reader, writer = await server.connect()
        writer.write(GET)
        await reader.readuntil(b"}")
        async with opened(server, 400):
            writer.write(GET)
            assert (await asyncio.wait_for(reader.read(4096), 10)).startswith(b"HTTP/1.1 200 OK")


async def test_while_all_are_busy_probes_are_answered_and_others_get_a_503() -> None:
    async with served(total=50, of_a_peer=50) as server, opened(server, 50, BUSY):
        for _ in range(100):
            assert (await server.asked("/healthz")).startswith(b"HTTP/1.1 200 OK")
        refused = await server.asked("/users")
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"retry-after: " in refused
        assert b'"code":"Overloaded"' in refused


async def test_there_is_an_end_to_those_that_are_let_in_while_all_are_busy() -> None:
    async with served(total=20, of_a_peer=20) as server, opened(server, 20, BUSY), opened(server, 500):
        assert server.connections() <= 20 + 64
        assert (await server.asked("/healthz")).startswith(b"HTTP/1.1 200 OK")
        assert b"crowded" in await server.asked("/metrics")


async def test_a_busy_one_is_not_closed_for_others() -> None:
    async with served(total=20, of_a_peer=20) as server:
        reader, writer = await server.connect()
        writer.write(BUSY)
        async with opened(server, 200):
            answer = await exchanged(reader, writer, b" " * 99)
            assert answer.startswith(b"HTTP/1.1 422 ")
