"""What a command lane would write, made short: ids from small numbers, one stream's events in a row."""

from datetime import UTC, datetime
from typing import Any

from workers.ports.event_store import (
    Batch,
    ClaimToAcquire,
    ClaimToSettle,
    CredentialRow,
    EventRow,
    SnapshotRow,
)
from workers.ports.lanes import LaneKey, Mark
from workers.ports.outcomes import OutcomeRow

TIME = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=UTC)
LANE = LaneKey("command", "users.commands", 0)
OTHER_LANE = LaneKey("command", "users.commands", 1)
TABLES = ("lanes", "events", "commands", "unique_claims", "credentials", "snapshots", "sagas", "saga_outbox")


def command_id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def event_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def event(sequence: int, stream_id: str = "ada", version: int = 1, **changes: Any) -> EventRow:
    """An event of partition 0; `changes` are other fields."""
    row = EventRow(
        context="users",
        partition=0,
        sequence=sequence,
        stream_id=stream_id,
        stream_version=version,
        event_id=event_id(sequence),
        type="UserCreated",
        schema_version=1,
        data=b'{"user_id": "ada"}',
        command_id=command_id(sequence),
        correlation_id="correlation",
        causation_id="causation",
        actor=None,
        traceparent=None,
        recorded_at=TIME,
    )
    return row._replace(**changes)


def outcome(number: int, stream_id: str = "ada", **changes: Any) -> OutcomeRow:
    """An accepted command; `changes` are other fields."""
    row = OutcomeRow(
        command_id=command_id(number),
        type="CreateUser",
        context="users",
        stream_id=stream_id,
        status="accepted",
        stream_version=1,
        partition=0,
        sequence=number,
        events=(),
        error=None,
        correlation_id="correlation",
        causation_id="causation",
        actor=None,
        handled_at=TIME,
        content_digest=None,
    )
    return row._replace(**changes)


def snapshot(stream_id: str = "ada", version: int = 2, **changes: Any) -> SnapshotRow:
    """A stream's snapshot; `changes` are other fields."""
    row = SnapshotRow(stream_id, version, fingerprint="ours", digest="digest", state=b'{"city": null}')
    return row._replace(**changes)


def batch(lane: LaneKey = LANE, epoch: int = 1, **changes: Any) -> Batch:
    """A batch that moves the lane to offset 1 and writes nothing but what `changes` hold."""
    empty = Batch(
        lane=lane,
        epoch=epoch,
        context="users",
        time=TIME,
        consumed=1,
        sequence=0,
        mark=Mark(0, -1),
        outcomes=[],
        events=[],
        claims_to_acquire=[],
        claims_to_settle=[],
        credentials=[],
    )
    return empty._replace(**changes)


def everything(epoch: int = 1, **changes: Any) -> Batch:
    """A batch that writes to every table."""
    full = batch(
        epoch=epoch,
        consumed=7,
        sequence=2,
        mark=Mark(1, 0),
        outcomes=[outcome(1), outcome(2)],
        events=[event(1), event(2, version=2)],
        claims_to_acquire=[ClaimToAcquire("email", "ada@example.org", "ada")],
        credentials=[CredentialRow("ada", "$argon2id$1")],
        snapshots=[snapshot()],
    )
    return full._replace(**changes)


async def claim(store: Any, lane: LaneKey, *keys: tuple[str, str]) -> None:
    """Acquire the lane and claim e-mails: (key, stream id)."""
    grant = await store.acquire(lane, "claimant")
    await store.commit(
        batch(lane, grant.epoch, claims_to_acquire=[ClaimToAcquire("email", key, stream) for key, stream in keys])
    )


def settled(key: str, stream_id: str | None, former: str) -> ClaimToSettle:
    return ClaimToSettle("email", key, stream_id, former)


async def tables(onlooker: Any) -> dict[str, list[tuple[Any, ...]]]:
    """All that the database holds."""
    return {
        name: [tuple(row) for row in await onlooker.fetch(f"SELECT * FROM annals.{name} ORDER BY 1, 2, 3")]  # noqa: S608
        for name in TABLES
    }
