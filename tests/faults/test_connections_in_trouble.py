"""Connections to servers are cut, refused, silent, late or slow under load: workers wait, and nothing is missing."""

import asyncio
import time

import pytest

from tests.faults.network import Network
from tests.faults.recovery import Measure, agrees, load, recovered
from tests.sent_commands import create_users

pytestmark = pytest.mark.timeout(300)

CUTS = 8
CUT_INTERVAL_SECONDS = 0.3
DELAY_SECONDS = 0.3
COMMANDS = 200
# The longest time limit in a worker (an append: 15 s), and some time for a busy machine.
NOTICE_SECONDS = 40.0

# The role that cannot work without the server.
DEPENDENT = {"kafka": "command", "postgres": "command", "redis": "projection"}


@pytest.mark.parametrize("server", ["kafka", "postgres", "redis"])
async def test_cut_again_and_again_and_then_refused(network: Network, server: str, record_property: Measure) -> None:
    pool, line = network.pool, network.lines[server]
    health = pool.health[DEPENDENT[server]]
    cut = 0
    async with load(pool):
        for _ in range(CUTS):
            cut += await line.cut()
            await asyncio.sleep(CUT_INTERVAL_SECONDS)
        await line.stop()
        await health.not_ready(NOTICE_SECONDS)
        await line.start()
        since = time.monotonic()
    assert cut >= CUTS
    await health.ready()
    await recovered(pool.system, pool.sent, record_property, since=since)
    await agrees(pool.system, pool.sent)


@pytest.mark.parametrize("silent", [["kafka"], ["postgres", "redis"]], ids="-and-".join)
async def test_half_open_for_longer_than_the_deadlines(
    network: Network, silent: list[str], record_property: Measure
) -> None:
    pool = network.pool
    async with load(pool):
        for server in silent:
            network.lines[server].fall_silent()
        for server in silent:
            await pool.health[DEPENDENT[server]].not_ready(NOTICE_SECONDS)
        for server in silent:
            network.lines[server].speak_again()
        since = time.monotonic()
    for server in silent:
        await pool.health[DEPENDENT[server]].ready()
    await recovered(pool.system, pool.sent, record_property, since=since)
    await agrees(pool.system, pool.sent)


async def test_what_was_sent_arrives_after_its_sender_has_given_up(network: Network, record_property: Measure) -> None:
    pool = network.pool
    held_lines = [network.lines["kafka"], network.lines["postgres"]]
    async with load(pool):
        for line in held_lines:
            line.hold()
        await pool.health["command"].not_ready(NOTICE_SECONDS)
        for line in held_lines:
            line.let_go()
        since = time.monotonic()
    await recovered(pool.system, pool.sent, record_property, since=since)
    await agrees(pool.system, pool.sent)


async def test_every_server_is_far_away(network: Network, record_property: Measure) -> None:
    pool = network.pool
    await pool.complete()
    for line in network.lines.values():
        line.delay_seconds = DELAY_SECONDS
    since = time.monotonic()
    await asyncio.to_thread(pool.send, create_users(COMMANDS))
    await recovered(pool.system, pool.sent, record_property, since=since)
    for line in network.lines.values():
        line.delay_seconds = 0.0
    await agrees(pool.system, pool.sent)
