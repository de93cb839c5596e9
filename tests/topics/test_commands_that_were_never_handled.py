"""`annals verify` reads the command topics too: only there it can see a command that was read but not handled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from contracts.partitioner import partition_for
from infra.processes.verification import open_sources
from infra.settings import Settings
from tests.sent_commands import Sent, create_user
from tests.system import System, running_system
from tests.topics.topic_changes import recreate
from tests.waiting import until
from workers.operations.verification.commands import compare_commands
from workers.operations.verification.findings import Verdict


@pytest_asyncio.fixture
async def system(settings: Settings, tmp_path: Path) -> AsyncIterator[System]:
    """A system without workers, so that no command is handled unless the test starts a worker."""
    async with running_system(settings, tmp_path) as running:
        yield running


async def in_no_hurry(_: int) -> None: ...


async def compared(system: System) -> dict[str, list[tuple[str, str]]]:
    """The findings about the users' commands: positions and explanations, by kind."""
    from infra.processes.resources import database_for

    database, verdict = database_for(system.settings, role="annals_reader", connections=1), Verdict()
    await database.open()
    try:
        async with open_sources(system.settings, database, settle_seconds=1.0) as sources:
            await compare_commands(sources, "users", verdict, in_no_hurry)
    finally:
        await database.close()
    findings: dict[str, list[tuple[str, str]]] = {}
    for finding in verdict.examples:
        findings.setdefault(finding.what, []).append((finding.where, finding.explanation))
    return findings


async def set_lane_positions(system: System, consumed: int) -> None:
    """Set the position of every lane of the context users."""
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


async def test_are_named_by_their_position_and_so_are_commands_that_no_lane_has_read(system: System) -> None:
    skipped, broken, unread = create_user(), create_user()._replace(headers=[]), create_user()
    to_partition(system, skipped, 0)
    to_partition(system, broken, 1)
    await set_lane_positions(system, 1)
    to_partition(system, unread, 2)
    to_partition(system, unread, 2)
    topic = system.topic("users.commands")
    findings = await compared(system)
    places = dict(findings["command never handled"])
    assert set(places) == {f"{topic}/0/0", f"{topic}/1/0", f"{topic}/2/0"}
    assert skipped.command_id in places[f"{topic}/0/0"]
    assert "no command" in places[f"{topic}/1/0"]
    assert [place for place, _ in findings["command not read"]] == [f"{topic}/2"]


async def test_no_command_is_named_that_was_handled_or_is_a_dead_letter(system: System) -> None:
    system.send([create_user() for _ in range(20)])
    system.send([create_user()._replace(headers=[]), create_user()._replace(value=b"no JSON")])
    worker = await system.worker("command")
    await system.handled(20)
    assert await compared(system) == {}
    assert await worker.stop() == 0


async def test_that_a_stranger_was_refused_under_its_id_does_not_hide_that_a_command_was_lost(system: System) -> None:
    strangers = create_user()
    rightful = strangers._replace(headers=[*strangers.headers, ("x-said", b"by its owner")])
    partition = partition_for(strangers.stream_id.encode(), system.settings.partitions)
    to_partition(system, strangers, partition)
    worker = await system.worker("command", auth="oidc", auth_development_issuer=True)
    await system.handled(1)
    assert await worker.stop() == 0
    assert await compared(system) == {}
    to_partition(system, rightful, partition)
    await system.database.execute("UPDATE annals.lanes SET consumed = 2 WHERE partition = $1", partition)
    findings = await compared(system)
    topic = system.topic("users.commands")
    assert [place for place, _ in findings["command never handled"]] == [f"{topic}/{partition}/1"]


async def test_a_letter_about_another_record_at_the_same_position_does_not_count(system: System) -> None:
    """The topic was recreated: its offsets repeat, and the letters about the former records still exist."""
    former, now = (create_user()._replace(headers=[("x-said", text.encode())]) for text in ("former", "now"))
    to_partition(system, former, 0)
    worker = await system.worker("command")
    letters = "users.commands.dlq"

    async def is_dead_letter() -> bool:
        return len((await asyncio.to_thread(system.records, letters))[0]) == 1

    await until(is_dead_letter, "the record is a dead letter", seconds=60)
    assert await worker.stop() == 0
    assert await compared(system) == {}
    await recreate(system.settings, system.topic("users.commands"))
    await system.database.execute("UPDATE annals.lanes SET topic_id = ''")
    to_partition(system, now, 0)
    findings = await compared(system)
    assert [place for place, _ in findings["command never handled"]] == [f"{system.topic('users.commands')}/0/0"]


async def test_a_topic_that_its_lanes_have_not_seen_yet_is_named(system: System) -> None:
    await set_lane_positions(system, 0)
    await system.database.execute("UPDATE annals.lanes SET topic_id = 'another' WHERE partition = 3")
    ((place, explanation),) = (await compared(system))["command not read"]
    assert place == f"{system.topic('users.commands')}/3"
    assert "created again" in explanation
