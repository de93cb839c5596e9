"""What `annals verify --repair` appends reaches services of others, each event once and in the order of the stream:
those that stood before the gap, those that wait at it, and those that had read beyond it.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from contracts.client.event_consumer import EventConsumer
from contracts.client.event_reader import ReadPosition
from contracts.client.ordered_log import wait_for_gap
from contracts.partitioner import partition_for
from tests.client.services.into_sqlite import IntoSqlite
from tests.client.services.runs import has_seen, running, seen
from tests.foreign_reader import foreign_options
from tests.foreign_service import ForeignService
from tests.sent_commands import create_users
from tests.system import System
from tests.verification.command import repaired
from tests.verification.test_the_log_is_repaired import replace_log

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("short_delays_of_a_consumer")]


def service_at(folder: Path, name: str, position: ReadPosition) -> IntoSqlite:
    service = IntoSqlite(str(folder / f"{name}.sqlite"))
    service.database.execute("INSERT INTO reading VALUES (0, ?, ?)", position)
    return service


def first_of(service: ForeignService, count: int) -> list[tuple[int, int]]:
    """Sequences and next offsets of a partition's first events, as another client reads them."""
    events: list[tuple[int, int]] = []
    for sequence, offset, _ in service.events("users", 0):
        events.append((sequence, offset))
        if len(events) == count:
            break
    return events


async def test_wherever_they_stood(idle_system: System, tmp_path: Path) -> None:
    system = idle_system
    workers = [await system.worker(role) for role in ("command", "saga", "projection")]
    await asyncio.to_thread(system.send, create_users(60))
    await system.handled(120)
    await system.settled()
    for worker in workers:
        assert await worker.stop() == 0
    original = (await asyncio.to_thread(system.records, "users.events"))[0]
    last = len(original)
    assert last > 8

    services = {
        "before": service_at(tmp_path, "before", ReadPosition(0, 0)),
        "at": service_at(tmp_path, "at", ReadPosition(2, 2)),
        "behind": service_at(tmp_path, "behind", ReadPosition(last, last)),
    }
    follows = {"before": range(1, 3), "at": range(0), "behind": range(0)}
    await replace_log(system, 0, [original[0], original[1], *original[4:6], *original[7:]])
    async with AsyncExitStack() as cleanup:
        for service in services.values():
            consumer = EventConsumer(
                str(system.settings.kafka_bootstrap_servers),
                context="users",
                topic_prefix=system.settings.topic_prefix,
                partitions=[0],
                load=service.load,
                on_gap=wait_for_gap,
            )
            await cleanup.enter_async_context(running(consumer, service.handle))
        for name, service in services.items():
            await has_seen(service, follows[name])
        foreign = ForeignService(foreign_options(system.settings), system.settings.topic_prefix)
        reading = asyncio.create_task(asyncio.to_thread(first_of, foreign, last))
        code, report = await repaired(system)
        assert (code, report["passes"]) == (0, True), report
        assert report["repairs"] == [
            "published again: users 0/3-4, out of order, behind the end of the log",
            "published again: users 0/7-7, out of order, behind the end of the log",
        ]
        await has_seen(services["before"], range(1, last + 1))
        await has_seen(services["at"], range(3, last + 1))
        assert seen(services["behind"]) == []
        assert [sequence for sequence, _ in await reading] == list(range(1, last + 1))

        await system.worker("command")
        outcome = await asyncio.to_thread(created_by, foreign, system.settings.partitions)
        assert outcome["status"] == "accepted"
        end = last + 1
        await has_seen(services["before"], range(1, end + 1))
        await has_seen(services["at"], range(3, end + 1))
        await has_seen(services["behind"], [end])


def created_by(service: ForeignService, partitions: int) -> Any:
    """The outcome of a command of a foreign client, whose stream lies in partition 0."""
    user_id = next(
        name for number in range(1_000) if not partition_for((name := f"mary-{number}").encode(), partitions)
    )
    fields = {"user_id": user_id, "first_name": "Mary", "last_name": "Jackson", "email": f"{user_id}@example.org"}
    return service.outcome_of("users.CreateUser.v1", user_id, fields)
