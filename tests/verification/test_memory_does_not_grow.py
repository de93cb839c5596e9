"""Five times as long a log takes no more memory to compare, neither with the table nor with the sagas."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest

from contracts.topics import Topics
from contracts.users.examples import ADA_CREATED
from infra.kafka.log_reader import LogReader
from infra.postgres.lists import SEPARATOR
from infra.postgres.pool import Database
from infra.redis.documents import StoredDocuments
from infra.verify.lanes import compare_lane
from infra.verify.saga_fold import SagaFold
from infra.verify.scratch import scratch
from infra.verify.sources import Sources
from tests.lanes.recorded_rows import event_rows, inbound
from workers.domain import contexts
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord
from workers.verification.findings import Verdict

SHORT, LONG = 4_000, 20_000
CHUNK = 2_000
(FIRST,) = event_rows(ADA_CREATED)


def row(sequence: int) -> EventRow:
    """Each event is the first one of another user."""
    return FIRST._replace(
        sequence=sequence, stream_id=f"user-{sequence}", event_id=f"00000000-0000-5000-8000-{sequence:012d}"
    )


class LongLog:
    """A log of so many events."""

    def __init__(self, length: int) -> None:
        self._length = length

    async def records(self, topic: str, partition: int, from_offset: int) -> AsyncIterator[list[InboundRecord]]:
        for start in range(from_offset, self._length, CHUNK):
            yield [inbound(row(sequence + 1), sequence) for sequence in range(start, min(start + CHUNK, self._length))]


class LongTable:
    """The table of the same events."""

    def __init__(self, length: int) -> None:
        self._length = length

    async def rows(self, name: str, *arguments: Any) -> list[Any]:
        match name, arguments:
            case "lane_sequences", ():
                return [{"topic": "users.commands", "partition": 0, "sequence": self._length}]
            case "events_at", (_, _, sequences):
                return list(self._rows(int(each) for each in sequences.split(SEPARATOR)))
            case "events_after", (_, _, after, limit):
                return list(self._rows(range(after + 1, min(after + limit, self._length) + 1)))
            case "not_accepted", _:
                return []
        raise AssertionError(name)

    def _rows(self, sequences: Any) -> Iterator[list[Any]]:
        """As the driver gives them: `data` is text."""
        for sequence in sequences:
            values: list[Any] = list(row(sequence))
            values[8] = values[8].decode()
            yield values


async def unhurried(count: int) -> None:
    """The pace of somebody who does not look."""


def sources(length: int) -> Sources:
    table, log = cast(Database, LongTable(length)), cast(LogReader, LongLog(length))
    return Sources(table, log, cast(StoredDocuments, None), Topics(), 1)


async def peak_of_the_log(length: int) -> int:
    verdict = Verdict()
    tracemalloc.start()
    await compare_lane(sources(length), "users", 0, length, verdict, unhurried)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert verdict.looked_at["events compared with the log"] == length
    assert verdict.content
    return peak


async def peak_of_the_sagas(length: int) -> int:
    with scratch() as kept:
        fold = SagaFold(sources(length), "users", contexts()["users"].sagas, kept, Verdict())
        tracemalloc.start()
        await fold.advance({0: length}, {}, unhurried)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept.count_steps_left() == length
    return peak


@pytest.mark.parametrize("peak", [peak_of_the_log, peak_of_the_sagas], ids=["log", "sagas"])
async def test_with_the_length_of(peak: Any) -> None:
    await peak(CHUNK)  # what is cached once and for all
    short, long = await peak(SHORT), await peak(LONG)
    assert long < 1.3 * short, f"{short} bytes for {SHORT} events, {long} for {LONG}"
