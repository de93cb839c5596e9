"""Migration 0005 keeps of each outcome what does not follow from the events; the view shows what was stored before."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest

from infra.postgres.event_store import PostgresEventStore
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from tests.postgres.batches import command_id, event_id
from tests.postgres.earlier_release import migrated_by_an_earlier_release

WRITE = """
INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence, correlation_id,
                             causation_id, actor, handled_at, outcome)
VALUES ($1::text::uuid, 'users.CreateUser.v1', 'users', 'ada', $2, 3, $3, $4, $5, 'clerk', '2026-05-04T12:30:15Z', $6)
"""
WRITE_EVENT = """
INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id, type, schema_version,
                           data, command_id, correlation_id, causation_id, recorded_at)
VALUES ('users', 3, $1, 'ada', $1, $2::text::uuid, 'UserCreated', 2, '{}', $3::text::uuid, 'c', 'c', now())
"""


def outcome(number: int, **fields: Any) -> Mapping[str, Any]:
    """An outcome as it was stored, in the order of its fields."""
    accepted = {
        "command_id": command_id(number),
        "type": "users.CreateUser.v1",
        "status": "accepted",
        "stream_id": "ada",
        "stream_version": 2,
        "partition": 3,
        "sequence": 2,
        "events": [{"event_id": event_id(place), "type": "users.UserCreated.v2"} for place in (1, 2)],
        "error": None,
        "correlation_id": "c",
        "handled_at": "2026-05-04T12:30:15.000000Z",
        "content_digest": "0123456789abcdef" * 2,
    }
    return accepted | fields


NO = {"code": "No", "message": "é", "details": [{"a": 1}]}
OUTCOMES = {
    "accepted": outcome(1),
    "that began a correlation": outcome(2, correlation_id=command_id(2), events=[], stream_version=0),
    "rejected": outcome(3, status="rejected", events=[], error=NO),
    "without a digest": outcome(4, status="failed", events=[], error=NO, content_digest=None),
}


@pytest.mark.parametrize("stored", OUTCOMES.values(), ids=OUTCOMES)
async def test_is_answered_as_before(
    empty_url: str, stored: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrated_by_an_earlier_release(empty_url, monkeypatch, last=4)
    text = json.dumps(stored, separators=(",", ":"), ensure_ascii=False)
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        for place in (1, 2):
            await connection.execute(WRITE_EVENT, place, event_id(place), command_id(1))
        correlation, own_id = stored["correlation_id"], stored["command_id"]
        await connection.execute(WRITE, own_id, stored["status"], stored["sequence"], correlation, own_id, text)
        await migrate(empty_url)
        shown = json.loads(await connection.fetchval("SELECT outcome::text FROM annals.outcomes"))
        assert shown | {"handled_at": stored["handled_at"]} == stored
    finally:
        await connection.close(timeout=10)
    database = Database(empty_url, role="annals_reader", connections=1)
    await database.open()
    try:
        assert await PostgresEventStore(database).outcomes(own_id, 10) == [text.encode()]
    finally:
        await database.close()
