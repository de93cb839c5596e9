"""kill -9 at a named point, under load: another worker continues, and nothing is lost, doubled or different.

Each test works in any order, alone, and after a failed one.
"""

import json
import time
import zlib

import pytest

from contracts.partitioner import partition_for
from tests.faults.points import POINTS
from tests.faults.recovery import Measure, agrees, killed, recovered
from tests.faults.worker_pool import WorkerPool
from tests.sent_commands import Sent, create_user, create_users
from tests.system import System
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

COMMANDS = 300
MORE_COMMANDS = 100
PARTITIONS = 6
# By then some lanes have done a batch and others are in the middle of one. A fetch may bring all lanes' records.
NTH = {"after-the-fetch": 1}
NTH_OF_OTHERS = 3


async def _kill_and_replace(pool: WorkerPool, role: str, point: str, measure: Measure) -> None:
    await pool.complete(without=role)
    worker = await pool.start_killed_at(role, point, NTH.get(point, NTH_OF_OTHERS))
    pool.send(create_users(COMMANDS))
    await killed(worker)
    pool.send(create_users(MORE_COMMANDS))
    since = time.monotonic()
    await pool.complete()
    await recovered(pool.system, pool.sent, measure, since=since)
    await agrees(pool.system, pool.sent)


TESTED_SEPARATELY = {"before-the-reply", "half-way-through-taking-over"}


@pytest.mark.parametrize("point", [point for point in POINTS["command"] if point not in TESTED_SEPARATELY])
async def test_a_command_worker(pool: WorkerPool, point: str, record_property: Measure) -> None:
    await _kill_and_replace(pool, "command", point, record_property)


async def test_a_command_worker_and_its_successor_half_way_through_taking_over(
    pool: WorkerPool, record_property: Measure
) -> None:
    await pool.complete(without="command")
    first = await pool.start_killed_at("command", "after-the-commit", NTH_OF_OTHERS)
    pool.send(create_users(COMMANDS))
    await killed(first)
    second = await pool.start_killed_at("command", "half-way-through-taking-over", 1)
    await killed(second)
    pool.send(create_users(MORE_COMMANDS))
    since = time.monotonic()
    await pool.complete()
    await recovered(pool.system, pool.sent, record_property, since=since)
    await agrees(pool.system, pool.sent)


async def test_a_command_worker_before_the_reply_and_a_repeated_command_gets_the_stored_outcome(
    pool: WorkerPool, record_property: Measure
) -> None:
    system = pool.system
    await pool.complete(without="command")
    worker = await pool.start_killed_at("command", "before-the-reply", NTH_OF_OTHERS)
    address = ("ce_replyto", f"{system.topic('replies')}:0".encode())
    requests = [command._replace(headers=[*command.headers, address]) for command in _well_placed(COMMANDS)]
    pool.send(requests)
    await killed(worker)
    pool.send(create_users(MORE_COMMANDS))
    since = time.monotonic()
    await pool.complete()
    await recovered(system, pool.sent, record_property, since=since)
    answered = _answered(system)
    unanswered = [command for command in requests if command.command_id not in answered]
    assert unanswered, "at least one reply was lost"
    system.send(unanswered)

    async def all_answered() -> bool:
        return {command.command_id for command in requests} <= _answered(system)

    await until(all_answered, "each repeated command has a reply")
    await agrees(system, pool.sent)


def _well_placed(count: int) -> list[Sent]:
    """Commands that the producer's partitioner puts into their own lane: none is forwarded, so none comes twice."""
    commands: list[Sent] = []
    while len(commands) < count:
        command = create_user()
        key = command.stream_id.encode()
        if zlib.crc32(key) % PARTITIONS == partition_for(key, PARTITIONS):
            commands.append(command)
    return commands


def _answered(system: System) -> set[str]:
    """The ids of the commands with a reply; each reply must say `accepted`."""
    replies = [record for partition in system.records("replies") for record in partition]
    assert {json.loads(reply.value())["status"] for reply in replies} <= {"accepted"}
    return {reply.key().decode() for reply in replies}


@pytest.mark.parametrize("point", POINTS["saga"])
async def test_a_saga_worker(pool: WorkerPool, point: str, record_property: Measure) -> None:
    await _kill_and_replace(pool, "saga", point, record_property)


@pytest.mark.parametrize("point", POINTS["projection"])
async def test_a_projection_worker(pool: WorkerPool, point: str, record_property: Measure) -> None:
    await _kill_and_replace(pool, "projection", point, record_property)
