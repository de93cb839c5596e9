"""Three instances of sagas, as a saga worker writes them: one that has ended, one that waits for its deadline, one that
is late. They stand on the streams of recorded_streams.
"""

from infra.postgres.pool import Database
from infra.postgres.saga_store import PostgresSagaStore
from infra.settings import Settings
from tests.cli.recorded_streams import ADAS_PARTITION, rows
from workers.core.saga import DeadlinePassed
from workers.ports.lanes import LaneKey
from workers.ports.sagas import DeadlineRow, InstanceRow, JournalRow, SagaBatch, StepRow

AT = "2026-01-01T12:00:00.000000Z"
LATER = "2026-01-01T12:00:30.000000Z"
FAR_AHEAD = "9999-01-01T00:00:00.000000Z"
ACCEPTED = "00000000-0000-7000-8000-00000000a001"
REJECTED = "00000000-0000-7000-8000-00000000a002"
UNANSWERED = "00000000-0000-7000-8000-00000000a003"
PASSED = "00000000-0000-7000-8000-00000000a004"
BEGAN = rows(ADAS_PARTITION)[0]


def _instance(saga: str, instance_id: str, status: str, version: int = 1) -> InstanceRow:
    state = f'{{"status":"{status}","reason":null}}'.encode()
    return InstanceRow(saga, instance_id, status, state, "a-request", version, version)


def _began(saga: str, instance_id: str, status: str) -> JournalRow:
    type_ = f"users.{BEGAN.type}.v1"
    place = (BEGAN.context, BEGAN.partition, BEGAN.sequence, BEGAN.event_id)
    return JournalRow(saga, instance_id, 1, type_, *place, AT, status, None)


def _step(position: int, name: str, command_id: str, causation_id: str) -> StepRow:
    return StepRow(
        position=position,
        saga="fulfilment",
        instance_id="order-1",
        step=name,
        command_id=command_id,
        command_type="payments.ReserveFunds.v1",
        stream_id="ada",
        data=b"{}",
        correlation_id="a-request",
        causation_id=causation_id,
        actor=None,
        traceparent=None,
        caused_at=AT,
    )


def _deadline(instance_id: str, due_at: str) -> DeadlineRow:
    return DeadlineRow("fulfilment", instance_id, "confirmation", due_at, BEGAN.event_id, "a-request", None, None)


async def record_sagas(settings: Settings) -> None:
    """Write the instances with their journal, deadlines and steps, and the outcomes of two of the steps."""
    assert settings.database_url is not None
    database = Database(settings.database_url.get_secret_value(), role="annals_writer", connections=1)
    await database.open()
    try:
        store = PostgresSagaStore(database)
        lane = LaneKey("saga", f"{settings.topic_prefix}users.events", ADAS_PARTITION)
        grant = await store.acquire(lane, "the test")
        own = DeadlinePassed(instance_id="order-1", deadline="confirmation")
        passed = JournalRow("fulfilment", "order-1", 2, own.type, "", 0, 0, PASSED, LATER, "compensate", own.to_json())
        journal = [_began("fulfilment", "order-1", "reserve_funds"), passed]
        journal += [_began("fulfilment", "order-2", "confirm"), _began("account closing", "ada", "closed")]
        await store.commit(
            SagaBatch(
                lane=lane,
                epoch=grant.epoch,
                consumed=1,
                position=3,
                published=0,
                input_sequence=1,
                instances=[
                    _instance("fulfilment", "order-1", "compensate", 2),
                    _instance("fulfilment", "order-2", "confirm"),
                    _instance("account closing", "ada", "closed"),
                ],
                steps=[
                    _step(1, "reserve_funds", ACCEPTED, BEGAN.event_id),
                    _step(2, "cancel", REJECTED, PASSED),
                    _step(3, "release_funds", UNANSWERED, PASSED),
                ],
                journal=journal,
                deadlines=[_deadline("order-1", LATER), _deadline("order-2", FAR_AHEAD)],
            )
        )
        async with database.connection() as connection:
            outcomes = (
                (ACCEPTED, BEGAN.event_id, "accepted", "null"),
                (REJECTED, PASSED, "rejected", '{"code":"No"}'),
            )
            for command_id, cause, status, error in outcomes:
                await connection.execute(
                    "INSERT INTO annals.commands (command_id, type, context, stream_id, status, stream_version,"
                    " partition, sequence, event_count, error, correlation_id, causation_id, handled_at)"
                    " VALUES ($1::text::uuid, 'payments.ReserveFunds.v1', 'payments', 'ada', $2, 1, 0, 1, 0,"
                    " nullif($4::text, 'null')::json, 'a-request', $3, now())",
                    *(command_id, status, cause, error),
                )
    finally:
        await database.close()
