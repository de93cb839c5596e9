"""Lines to the servers that are cut, closed, silent, late or slow under load: noticed, waited out, nothing missing."""

import asyncio
import time

import pytest

from tests.faults.network import Network
from tests.faults.recovery import Measure, agrees, load, recovered
from tests.system import create_users

pytestmark = pytest.mark.timeout(300)

CUTS = 8
CUT_INTERVAL_SECONDS = 0.3
DELAY_SECONDS = 0.3
COMMANDS = 200
# The longest deadline of a worker's (an append: 15 s), and what a noisy machine adds.
NOTICED_SECONDS = 40.0

# Whose business stops without a server.
CONCERNED = {"kafka": "command", "postgres": "command", "redis": "projection"}


@pytest.mark.parametrize("server", ["kafka", "postgres", "redis"])
async def test_cut_again_and_again_and_then_refused(network: Network, server: str, record_property: Measure) -> None:
    crew, line = network.crew, network.lines[server]
    health = crew.health[CONCERNED[server]]
    cut = 0
    async with load(crew):
        for _ in range(CUTS):
            cut += await line.cut()
            await asyncio.sleep(CUT_INTERVAL_SECONDS)
        await line.stop()
        await health.not_ready(NOTICED_SECONDS)
        await line.start()
        since = time.monotonic()
    assert cut >= CUTS
    await health.ready()
    await recovered(crew.system, crew.sent, record_property, since=since)
    await agrees(crew.system, crew.sent)


@pytest.mark.parametrize("silent", [["kafka"], ["postgres", "redis"]], ids="-and-".join)
async def test_half_open_for_longer_than_the_deadlines(
    network: Network, silent: list[str], record_property: Measure
) -> None:
    crew = network.crew
    async with load(crew):
        for server in silent:
            network.lines[server].fall_silent()
        for server in silent:
            await crew.health[CONCERNED[server]].not_ready(NOTICED_SECONDS)
        for server in silent:
            network.lines[server].speak_again()
        since = time.monotonic()
    for server in silent:
        await crew.health[CONCERNED[server]].ready()
    await recovered(crew.system, crew.sent, record_property, since=since)
    await agrees(crew.system, crew.sent)


async def test_what_was_sent_arrives_after_its_sender_has_given_up(network: Network, record_property: Measure) -> None:
    crew = network.crew
    held = [network.lines["kafka"], network.lines["postgres"]]
    async with load(crew):
        for line in held:
            line.hold()
        await crew.health["command"].not_ready(NOTICED_SECONDS)
        for line in held:
            line.let_go()
        since = time.monotonic()
    await recovered(crew.system, crew.sent, record_property, since=since)
    await agrees(crew.system, crew.sent)


async def test_every_server_is_far_away(network: Network, record_property: Measure) -> None:
    crew = network.crew
    await crew.complete()
    for line in network.lines.values():
        line.delay_seconds = DELAY_SECONDS
    since = time.monotonic()
    await asyncio.to_thread(crew.send, create_users(COMMANDS))
    await recovered(crew.system, crew.sent, record_property, since=since)
    for line in network.lines.values():
        line.delay_seconds = 0.0
    await agrees(crew.system, crew.sent)
