"""kill -9 at a named point, in the midst of a load: another worker goes on, nothing is lost, doubled or different.

Each test stands for itself: in any order, alone, and after one that has failed.
"""

import json
import time
import zlib

import pytest

from contracts.partitioner import partition_for
from tests.faults.crew import Crew
from tests.faults.points import POINTS
from tests.faults.recovery import Measure, agrees, killed, recovered
from tests.system import Sent, System, create_user, create_users
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)

COMMANDS = 300
MORE_COMMANDS = 100
PARTITIONS = 6
# By then some lanes have done a batch and others are in the midst of theirs. A fetch may bring all lanes' records.
NTH = {"after-the-fetch": 1}
NTH_OF_OTHERS = 3


async def _dies_and_is_replaced(crew: Crew, role: str, point: str, measure: Measure) -> None:
    await crew.complete(without=role)
    doomed = await crew.doomed(role, point, NTH.get(point, NTH_OF_OTHERS))
    crew.send(create_users(COMMANDS))
    await killed(doomed)
    crew.send(create_users(MORE_COMMANDS))
    since = time.monotonic()
    await crew.complete()
    await recovered(crew.system, crew.sent, measure, since=since)
    await agrees(crew.system, crew.sent)


OF_ITS_OWN = {"before-the-reply", "half-way-through-taking-over"}


@pytest.mark.parametrize("point", [point for point in POINTS["command"] if point not in OF_ITS_OWN])
async def test_a_command_worker(crew: Crew, point: str, record_property: Measure) -> None:
    await _dies_and_is_replaced(crew, "command", point, record_property)


async def test_a_command_worker_and_its_successor_half_way_through_taking_over(
    crew: Crew, record_property: Measure
) -> None:
    await crew.complete(without="command")
    first = await crew.doomed("command", "after-the-commit", NTH_OF_OTHERS)
    crew.send(create_users(COMMANDS))
    await killed(first)
    second = await crew.doomed("command", "half-way-through-taking-over", 1)
    await killed(second)
    crew.send(create_users(MORE_COMMANDS))
    since = time.monotonic()
    await crew.complete()
    await recovered(crew.system, crew.sent, record_property, since=since)
    await agrees(crew.system, crew.sent)


async def test_a_command_worker_before_the_reply_and_who_asks_again_is_told_what_was_decided(
    crew: Crew, record_property: Measure
) -> None:
    system = crew.system
    await crew.complete(without="command")
    doomed = await crew.doomed("command", "before-the-reply", NTH_OF_OTHERS)
    address = ("ce_replyto", f"{system.topic('replies')}:0".encode())
    asked = [command._replace(headers=[*command.headers, address]) for command in _well_placed(COMMANDS)]
    crew.send(asked)
    await killed(doomed)
    crew.send(create_users(MORE_COMMANDS))
    since = time.monotonic()
    await crew.complete()
    await recovered(system, crew.sent, record_property, since=since)
    answered = _answered(system)
    unanswered = [command for command in asked if command.command_id not in answered]
    assert unanswered, "a reply that was lost"
    system.send(unanswered)

    async def all_answered() -> bool:
        return {command.command_id for command in asked} <= _answered(system)

    await until(all_answered, "who asked again has been answered")
    await agrees(system, crew.sent)


def _well_placed(count: int) -> list[Sent]:
    """Commands that the producer's partitioner puts where they belong: none is sent on, so none comes twice."""
    found: list[Sent] = []
    while len(found) < count:
        command = create_user()
        key = command.stream_id.encode()
        if zlib.crc32(key) % PARTITIONS == partition_for(key, PARTITIONS):
            found.append(command)
    return found


def _answered(system: System) -> set[str]:
    """The commands for which there is a reply, which says that they were accepted."""
    replies = [record for partition in system.records("replies") for record in partition]
    assert {json.loads(reply.value())["status"] for reply in replies} <= {"accepted"}
    return {reply.key().decode() for reply in replies}


@pytest.mark.parametrize("point", POINTS["saga"])
async def test_a_saga_worker(crew: Crew, point: str, record_property: Measure) -> None:
    await _dies_and_is_replaced(crew, "saga", point, record_property)


@pytest.mark.parametrize("point", POINTS["projection"])
async def test_a_projection_worker(crew: Crew, point: str, record_property: Measure) -> None:
    await _dies_and_is_replaced(crew, "projection", point, record_property)
