"""The audit: what must be true of every system at rest, whatever faults it had before."""

import json
from collections import Counter
from typing import Any

import orjson

from contracts.catalogue import catalogue
from contracts.envelope import read_event, rfc3339
from tests.sent_commands import Sent
from tests.system import System
from workers.core.folding import fold_streams
from workers.core.recorded import Recorded
from workers.domain import contexts

EVENTS = """
SELECT context, partition, sequence, stream_id, stream_version, event_id::text, type, schema_version, data::text,
       command_id::text, correlation_id, causation_id, actor, traceparent, recorded_at
  FROM annals.events ORDER BY context, partition, sequence
"""


async def audit(system: System, sent: list[Sent]) -> None:
    """Every command handled once; sequences and versions contiguous; log equals table; cards equal the fold."""
    rows = await system.database.fetch(EVENTS)
    await every_command_has_one_outcome(system, sent)
    await sequences_are_contiguous(system, rows)
    stream_versions_are_contiguous(rows)
    log_equals_table(system, rows)
    one_welcome_each(rows)
    await cards_equal_the_fold(system, rows)


async def every_command_has_one_outcome(system: System, sent: list[Sent]) -> None:
    handled = await system.database.fetch("SELECT command_id::text, status FROM annals.commands")
    outcomes = {row["command_id"]: row["status"] for row in handled}
    missing = [command.command_id for command in sent if command.command_id not in outcomes]
    assert not missing, f"{len(missing)} of {len(sent)} commands were lost, such as {missing[0]}"
    assert {outcomes[command.command_id] for command in sent} <= {"accepted"}
    events = await system.database.fetch("SELECT command_id::text, count(*) AS n FROM annals.events GROUP BY 1")
    doubled = [row["command_id"] for row in events if row["n"] != 1]
    assert not doubled, f"commands with several events: {doubled[:3]}"


async def sequences_are_contiguous(system: System, rows: list[Any]) -> None:
    last: Counter[int] = Counter()
    for row in rows:
        assert row["sequence"] == last[row["partition"]] + 1, f"a hole before {row['partition']}/{row['sequence']}"
        last[row["partition"]] = row["sequence"]
    lanes = await system.lanes("command", "users.commands")
    assert {lane["partition"]: lane["sequence"] for lane in lanes if lane["sequence"]} == dict(last)


def stream_versions_are_contiguous(rows: list[Any]) -> None:
    versions: Counter[str] = Counter()
    for row in rows:  # a stream lives in one partition, so its events come in order here
        versions[row["stream_id"]] += 1
        assert row["stream_version"] == versions[row["stream_id"]]


def log_equals_table(system: System, rows: list[Any]) -> int:
    """Compare record by record, as a reader sees the log that drops duplicates. Return the number of duplicates."""
    table = {(row["partition"], row["sequence"]): row for row in rows}
    repeats = 0
    seen = 0
    for partition, records in enumerate(system.records("users.events")):
        last = 0
        for record in records:
            envelope = read_event(record.headers(), record.key())
            row = table.get((partition, envelope.sequence))
            assert row is not None, f"the log has {partition}/{envelope.sequence}, the table has not"
            assert envelope.id == row["event_id"]
            if envelope.sequence <= last:
                repeats += 1
            else:
                assert envelope.sequence == last + 1, f"the log jumps from {last} to {envelope.sequence} in {partition}"
                last = envelope.sequence
                seen += 1
            assert envelope.type == f"{row['context']}.{row['type']}.v{row['schema_version']}"
            assert envelope.subject == record.key().decode() == row["stream_id"]
            assert envelope.stream_version == row["stream_version"]
            assert envelope.correlation_id == row["correlation_id"]
            assert envelope.causation_id == row["causation_id"] == row["command_id"]
            assert envelope.time == rfc3339(row["recorded_at"])
            assert (envelope.actor, envelope.traceparent) == (row["actor"], row["traceparent"])
            assert orjson.loads(record.value()) == json.loads(row["data"])
    assert seen == len(rows), f"the log has {seen} events, the table {len(rows)}"
    return repeats


def one_welcome_each(rows: list[Any]) -> None:
    created = Counter(row["stream_id"] for row in rows if row["type"] == "UserCreated")
    welcomed = Counter(row["stream_id"] for row in rows if row["type"] == "UserWelcomed")
    assert set(created.values()) <= {1}
    assert welcomed == created


async def cards_equal_the_fold(system: System, rows: list[Any]) -> None:
    projection = next(projection for projection in contexts()["users"].projections if projection.name == "users")
    cards = fold_streams(projection, [(row["stream_id"], _recorded(row)) for row in rows])
    expected = {stream_id: card for stream_id, card in cards.items() if card is not None}
    prefix = f"{system.settings.topic_prefix}annals:users:1:"
    assert await _documents(system, f"{prefix}document:") == expected
    expected_entries = {
        (index.name, index.key, stream_id) for stream_id, card in expected.items() for index in projection.indexes(card)
    }
    assert await _entries(system, prefix, projection.searchable) == expected_entries


def _recorded(row: Any) -> Recorded:
    model = catalogue().events[f"users.{row['type']}.v{row['schema_version']}"]
    return Recorded(
        model.model_validate_json(row["data"]),
        row["event_id"],
        row["stream_id"],
        row["stream_version"],
        row["sequence"],
        rfc3339(row["recorded_at"]),
        row["correlation_id"],
    )


async def _documents(system: System, prefix: str) -> dict[str, Any]:
    keys = [key.decode() async for key in system.redis.scan_iter(f"{prefix}*", count=5000)]
    documents: dict[str, Any] = {}
    for start in range(0, len(keys), 5000):
        part = keys[start : start + 5000]
        for key, value in zip(part, await system.redis.mget(part), strict=True):
            documents[key.removeprefix(prefix)] = orjson.loads(value)
    return documents


async def _entries(system: System, prefix: str, names: tuple[str, ...]) -> set[tuple[str, str, str]]:
    entries = set()
    for name in names:
        for member in await system.redis.zrange(f"{prefix}index:{name}", 0, -1):
            key, _, document_id = member.partition(b"\x00")
            entries.add((name, key.decode(), document_id.decode()))
    return entries
