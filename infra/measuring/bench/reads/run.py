"""Reads of one user's card and of a page of the directory, by one client and by several."""

import asyncio
import sys
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from contracts.client.identifiers import new_identifier
from infra.devstack.ports import free_port
from infra.measuring.bench.checkout import child_environment
from infra.measuring.bench.commands import finish_commands, finish_events
from infra.measuring.bench.http_connection import connected, get_request
from infra.measuring.bench.installation import Installation
from infra.measuring.bench.load import put_on_topic, sign_ups
from infra.measuring.bench.processes import START_TIMEOUT_SECONDS, child_process, gateway
from infra.measuring.bench.reads.bare_server import PAGE_USERS, index_key, user_key
from infra.measuring.bench.reads.closed_loop import ANSWER_SECONDS, ReadRate, closed_loop, require_ok
from infra.measuring.bench.together import together
from infra.redis.connection import client

USERS = 1000
CLIENTS = (1, 16)
POLL_SECONDS = 0.1


class ReadPair(NamedTuple):
    """What the bare handler does, what the gateway does, the gateway's share of the rate, and how many times as long
    its slowest hundredth takes.
    """

    bare: ReadRate
    gateway: ReadRate
    rate_share: float
    p99_ratio: float


async def measure_reads(installation: Installation, seconds: float) -> dict[str, ReadPair]:
    """Reads by what is read and by how many clients. Raises Stalled, Unavailable, WrongAnswer or TimeoutError."""
    user_ids = [new_identifier() for _ in range(USERS)]
    await put_on_topic(installation.settings, sign_ups(USERS, user_ids))
    async with together() as tasks:
        tasks.create_task(finish_commands(installation, USERS))
        tasks.create_task(finish_events(installation, USERS))
    requests = {
        "GET /users/{id}": [get_request(f"/users/{user_id}") for user_id in user_ids],
        f"GET /users?limit={PAGE_USERS}": [get_request(f"/users?limit={PAGE_USERS}")],
    }
    port = free_port()
    command = (sys.executable, "-P", "-m", "infra.measuring.bench.reads.bare_server", str(port))
    async with gateway(installation) as ours:
        await _copy_answers(installation, ours.port, user_ids)
        async with child_process(command, child_environment(installation.settings)) as bare:
            await _until_listening(port)
            return {
                f"{what}, {clients} {'client' if clients == 1 else 'clients'}": await _pair(
                    (bare, port), (ours.process, ours.port), wanted, clients, seconds
                )
                for what, wanted in requests.items()
                for clients in CLIENTS
            }


async def _pair(
    bare: tuple[psutil.Process, int],
    ours: tuple[psutil.Process, int],
    requests: Sequence[bytes],
    clients: int,
    seconds: float,
) -> ReadPair:
    floor = await closed_loop(*bare, requests, clients, seconds)
    rate = await closed_loop(*ours, requests, clients, seconds)
    return ReadPair(floor, rate, rate.per_second / floor.per_second, rate.p99 / floor.p99)


async def _copy_answers(installation: Installation, port: int, user_ids: Sequence[str]) -> None:
    """Give the bare handler documents with the bytes of the gateway's answers."""
    settings, connection = installation.settings, await connected(port)
    try:
        async with client(settings) as redis:
            for user_id in user_ids:
                request = get_request(f"/users/{user_id}")
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await connection.request(request)
                require_ok(request, answer)
                await redis.set(user_key(settings, user_id), answer.body)
            await redis.zadd(index_key(settings), {user_key(settings, user_id): 0 for user_id in user_ids})
    finally:
        connection.close()


async def _until_listening(port: int) -> None:
    """Raises TimeoutError when the bare handler does not start."""
    async with asyncio.timeout(START_TIMEOUT_SECONDS):
        while True:
            try:
                connection = await connected(port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
            else:
                connection.close()
                return
