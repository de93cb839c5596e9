"""Ten thousand dead letters: listed in seconds and in bounded memory; counted for gauges at little cost."""

import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from contracts.topics import Topics
from infra.kafka.log_reader import LogReader
from infra.kafka.topics import create_topics, topics_of
from infra.postgres.dead_letters import PostgresDeadLetterTable
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.settings import Settings
from tests.cli.conftest import run_annals
from tests.dead_letters.conftest import url_of
from tests.dead_letters.letters import TIME, deliver, original, written
from tests.servers import Servers
from tests.topics.topic_changes import recreate, truncate
from tests.waiting import until
from workers.domain import contexts
from workers.operations.dead_letters.choosing import LetterFilters
from workers.operations.dead_letters.open_letters import OpenLetters
from workers.operations.dead_letters.reading import DeadLetters
from workers.ports.interventions import Reason
from workers.ports.lanes import Unavailable
from workers.ports.log import OutboundRecord

LETTERS = 10_000
VALUE_BYTES = 2_000
LIST_SECONDS = 20.0
MOST_BYTES = 12 * 1024 * 1024


def letters(settings: Settings, numbers: range) -> list[OutboundRecord]:
    """Letters one second apart; every tenth has another reason."""
    topic = Topics(settings.topic_prefix).commands("users")
    return [
        written(
            original(topic=topic, offset=number, key=b"u%d" % number, value=b"x" * VALUE_BYTES),
            reason="MalformedJson" if number % 10 else "MissingHeader",
            time=TIME + timedelta(seconds=number),
        )
        for number in numbers
    ]


@pytest_asyncio.fixture
async def prepared(settings: Settings) -> Settings:
    """Settings with tables and topics."""
    await migrate(url_of(settings))
    await create_topics(settings, topics_of(list(contexts()), settings))
    return settings


async def test_are_listed_in_seconds(prepared: Settings) -> None:
    await deliver(prepared, letters(prepared, range(LETTERS)))
    started = time.monotonic()
    ran = await run_annals(prepared, "dlq", "list", "--limit", "3")
    assert ran.code == 0, ran.errors
    assert time.monotonic() - started < LIST_SECONDS
    assert [line.split()[0].rpartition("/")[2] for line in ran.lines[:3]] == ["0", "1", "2"]
    assert ran.lines[3].startswith("10000 dead letters: 9000 MalformedJson, 1000 MissingHeader")


async def test_are_read_in_bounded_memory(prepared: Settings) -> None:
    await deliver(prepared, letters(prepared, range(LETTERS)))
    database = Database(url_of(prepared), role="annals_reader", connections=1)
    await database.open()
    log = LogReader(prepared)
    count = 0
    tracemalloc.start()
    try:
        topics = Topics(prepared.topic_prefix)
        users = topics.commands("users")
        reader = DeadLetters(log, PostgresInterventions(database), [users])
        async for batch in reader.matching(users, LetterFilters(), "open"):
            count += len(batch)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await log.stop()
        await database.close()
    assert count == LETTERS
    assert peak_bytes < MOST_BYTES, f"{peak_bytes:,} bytes for {LETTERS * VALUE_BYTES:,} bytes of letters"


async def test_are_counted_as_they_come_and_go(prepared: Settings) -> None:
    database = Database(url_of(prepared), role="annals_writer", connections=1)
    await database.open()
    log, topics = LogReader(prepared), Topics(prepared.topic_prefix)
    topic = topics.commands("users")
    try:
        interventions = PostgresInterventions(database)
        counted = open_letters(log, database, topic)
        assert await counted.refresh() == {}

        await deliver(prepared, letters(prepared, range(20)))
        await deliver(prepared, letters(prepared, range(5)))  # again, as after a crash
        groups = await counted.refresh()
        assert {reason: group.open_count for (_, reason), group in groups.items()} == {
            "MalformedJson": 18,
            "MissingHeader": 2,
        }
        assert groups[topic, "MissingHeader"].oldest_at == TIME
        assert groups[topic, "MissingHeader"].oldest_age_seconds > 0

        await interventions.record("ada", "dlq-discard", f"{topic}/3/0", Reason("old"))
        await interventions.record("ada", "dlq-retry", f"{topic}/3/1", Reason("the bug is fixed"), {"command_id": None})
        await interventions.record("ada", "verify-repair", f"{topic}/3/2", Reason("says nothing of letters"))
        await deliver(prepared, letters(prepared, range(1)))  # late, and dealt with already
        groups = await counted.refresh()
        assert {reason: group.open_count for (_, reason), group in groups.items()} == {
            "MalformedJson": 17,
            "MissingHeader": 1,
        }
        assert groups[topic, "MissingHeader"].oldest_at == TIME + timedelta(seconds=10)
        fresh = await open_letters(log, database, topic).refresh()
        assert {key: group[:2] for key, group in fresh.items()} == {key: group[:2] for key, group in groups.items()}

        # A topic that was created again has the same offsets again, and what was done was about the former letters.
        again = written(original(topic=topic, offset=0), time=datetime.now(UTC) + timedelta(seconds=1))
        await deliver(prepared, [again])
        assert (await counted.refresh())[topic, "MalformedJson"].open_count == 18
        assert (await counted.refresh())[topic, "MalformedJson"].open_count == 18
        await recreate(prepared, topics.dead_letters(topic))
        await deliver(prepared, [again])
        groups = await counted.refresh()
        assert {key: group.open_count for key, group in groups.items()} == {(topic, "MalformedJson"): 1}
    finally:
        await log.stop()
        await database.close()


async def test_are_counted_from_the_beginning_when_their_topic_lost_its_end_and_grew_beyond_it(
    prepared: Settings, servers: Servers
) -> None:
    stack = servers.stack
    if stack is None:
        pytest.skip("only the embedded servers' files can be cut from here; these are others")
    database = Database(url_of(prepared), role="annals_reader", connections=1)
    await database.open()
    log, topics = LogReader(prepared), Topics(prepared.topic_prefix)
    topic = topics.commands("users")
    dead_letters = topics.dead_letters(topic)
    try:
        counted = open_letters(log, database, topic)
        await deliver(prepared, letters(prepared, range(20, 30)))
        await deliver(prepared, letters(prepared, range(30, 33)))
        assert await open_in(counted) == 13
        await stack.kill("kafka")
        lost = truncate(stack, dead_letters)
        await stack.restart("kafka")
        assert await open_in(counted) == 13 - lost
        await deliver(prepared, letters(prepared, range(30, 31)))
        assert await open_in(counted) == 14 - lost
        await stack.kill("kafka")
        assert truncate(stack, dead_letters) == 1
        await stack.restart("kafka")
        await deliver(prepared, letters(prepared, range(40, 45)))
        assert await open_in(counted) == 18 - lost
    finally:
        await log.stop()
        await database.close()


def open_letters(log: LogReader, database: Database, topic: str) -> OpenLetters:
    return OpenLetters(log, PostgresDeadLetterTable(database), PostgresInterventions(database), [topic])


async def open_in(counted: OpenLetters) -> int:
    async def groups() -> tuple[int] | None:
        try:
            return (sum(group.open_count for group in (await counted.refresh()).values()),)
        except Unavailable:  # the broker has only just come back
            return None

    counted_now = await until(groups, "the letters are counted")
    assert counted_now is not None
    return counted_now[0]
