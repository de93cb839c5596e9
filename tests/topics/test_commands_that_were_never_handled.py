"""`annals verify` reads the command topics too: a command that was read and not handled shows nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.processes.verification import open_sources
from infra.settings import Settings
from tests.system import Sent, System, create_user, running_system
from tests.topics.spoiling import recreate
from tests.waiting import until
from workers.operations.verification.commands import compare_commands
from workers.operations.verification.findings import Verdict


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """A system without workers, so that nobody but the test handles a command."""
    async with running_system(settings, tmp_path) as running:
        yield running


async def in_no_hurry(_: int) -> None: ...


async def compared(system: System) -> dict[str, list[tuple[str, str]]]:
    """What is found of the users' commands: places and explanations, by what it is."""
    from infra.processes.resources import database_for

    database, verdict = database_for(system.settings, role="annals_reader", connections=1), Verdict()
    await database.open()
    try:
        async with open_sources(system.settings, database) as sources:
            await compare_commands(sources._replace(settle_seconds=1.0), "users", verdict, in_no_hurry)
    finally:
        await database.close()
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in verdict.examples:
        found.setdefault(finding.what, []).append((finding.where, finding.explanation))
    return found


async def lane_says(system: System, consumed: int) -> None:
    """Have every lane of the users say that it has read so far."""
    for partition in range(system.settings.partitions):
        await system.database.execute(
            "INSERT INTO annals.lanes (role, topic, partition, consumed) VALUES ('command', $1, $2, $3) "
            "ON CONFLICT (role, topic, partition) DO UPDATE SET consumed = excluded.consumed",
            system.topic("users.commands"),
            partition,
            consumed,
        )


def to_partition(system: System, sent: Sent, partition: int) -> None:
    system._producer.produce(
        system.topic("users.commands"), sent.value, sent.stream_id, partition, headers=list(sent.headers)
    )
    assert system._producer.flush(30) == 0


async def test_are_named_by_their_place_and_so_is_what_no_lane_has_read(system: System) -> None:
    passed_over, broken, unread = create_user(), create_user()._replace(headers=[]), create_user()
    to_partition(system, passed_over, 0)
    to_partition(system, broken, 1)
    await lane_says(system, 1)
    to_partition(system, unread, 2)
    to_partition(system, unread, 2)
    topic = system.topic("users.commands")
    found = await compared(system)
    places = dict(found["command never handled"])
    assert set(places) == {f"{topic}/0/0", f"{topic}/1/0", f"{topic}/2/0"}
    assert passed_over.command_id in places[f"{topic}/0/0"]
    assert "no command" in places[f"{topic}/1/0"]
    assert [place for place, _ in found["command not read"]] == [f"{topic}/2"]


async def test_nothing_is_named_that_was_handled_or_put_aside(system: System) -> None:
    system.send([create_user() for _ in range(20)])
    system.send([create_user()._replace(headers=[]), create_user()._replace(value=b"no JSON")])
    worker = await system.worker("command")
    await system.handled(20)
    assert await compared(system) == {}
    assert await worker.stop() == 0


async def test_a_letter_about_another_record_of_this_place_says_nothing(system: System) -> None:
    """The topic was made anew: its offsets come again, and the letters about the former ones are still there."""
    former, now = (create_user()._replace(headers=[("x-said", text.encode())]) for text in ("former", "now"))
    to_partition(system, former, 0)
    worker = await system.worker("command")
    letters = "users.commands.dlq"

    async def put_aside() -> bool:
        return len((await asyncio.to_thread(system.records, letters))[0]) == 1

    await until(put_aside, "the record is a dead letter", seconds=60)
    assert await worker.stop() == 0
    assert await compared(system) == {}
    await recreate(system.settings, system.topic("users.commands"))
    await system.database.execute("UPDATE annals.lanes SET topic_id = ''")
    to_partition(system, now, 0)
    found = await compared(system)
    assert [place for place, _ in found["command never handled"]] == [f"{system.topic('users.commands')}/0/0"]


async def test_a_topic_that_its_lanes_have_not_seen_yet_is_named(system: System) -> None:
    await lane_says(system, 0)
    await system.database.execute("UPDATE annals.lanes SET topic_id = 'another' WHERE partition = 3")
    ((place, explanation),) = (await compared(system))["command not read"]
    assert place == f"{system.topic('users.commands')}/3"
    assert "created again" in explanation
