"""Two users' events in the table and in the log, for the commands that show them. No worker runs."""

from datetime import UTC, datetime, timedelta

from contracts.message import Event
from contracts.topics import Topics
from contracts.users.events import UserCreated, UserUpdated, UserWelcomed
from infra.kafka.event_log import KafkaEventLog
from infra.kafka.topics import create_topics, topics_of
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.command.records import event_record
from workers.domain import contexts
from workers.ports.event_store import Batch, EventRow
from workers.ports.lanes import LaneKey, Mark
from workers.ports.outcomes import OutcomeRow

ADA = "ada"
GRACE = "grace"
ADAS_PARTITION = 1
GRACES_PARTITION = 4
BEGAN_AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
HISTORIES: dict[int, list[Event]] = {
    ADAS_PARTITION: [
        UserCreated(
            user_id=ADA, first_name="Ada", last_name="Lovelace", email="ada@example.org", city="London", locale="und"
        ),
        UserWelcomed(user_id=ADA),
        UserUpdated(user_id=ADA, city=None),
    ],
    GRACES_PARTITION: [
        UserCreated(user_id=GRACE, first_name="Grace", last_name="Hopper", email="grace@example.org", locale="en-US"),
    ],
}


def rows(partition: int) -> list[EventRow]:
    """A history as rows, an hour apart; Grace's events are half an hour after Ada's."""
    began_at = BEGAN_AT + timedelta(minutes=0 if partition == ADAS_PARTITION else 30)
    return [
        EventRow(
            context="users",
            partition=partition,
            sequence=number,
            stream_id=event.stream_id,
            stream_version=number,
            event_id=f"00000000-0000-5000-8000-{partition:06d}{number:06d}",
            type=event.name,
            schema_version=event.schema_version,
            data=event.to_json(),
            command_id=f"00000000-0000-7000-8000-{partition:06d}{number:06d}",
            correlation_id="a-request",
            causation_id="a-cause",
            actor=None,
            traceparent=None,
            recorded_at=began_at + timedelta(hours=number - 1),
        )
        for number, event in enumerate(HISTORIES[partition], start=1)
    ]


def _outcome(row: EventRow) -> OutcomeRow:
    """The outcome of the command that led to the event."""
    return OutcomeRow(
        row.command_id,
        f"users.Say{row.type}.v1",
        row.context,
        row.stream_id,
        "accepted",
        row.stream_version,
        row.partition,
        row.sequence,
        [(row.event_id, f"{row.context}.{row.type}.v{row.schema_version}")],
        None,
        row.correlation_id,
        row.causation_id,
        row.actor,
        row.recorded_at,
        None,
    )


async def record(settings: Settings) -> None:
    """Write both histories, each event a batch of its own, into the table and into the log."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await migrate(url)
    await create_topics(settings, topics_of(list(contexts()), settings))
    topics = Topics(settings.topic_prefix)
    database, log = Database(url, role="annals_writer", connections=1), KafkaEventLog(settings, signed_by=None)
    await database.open()
    try:
        store = PostgresEventStore(database)
        for partition in HISTORIES:
            lane = LaneKey("command", topics.commands("users"), partition)
            grant = await store.acquire(lane, "the test")
            for row in rows(partition):
                mark, at = Mark(0, -1), row.sequence
                outcomes = [_outcome(row)]
                batch = Batch(lane, grant.epoch, "users", row.recorded_at, at, at, mark, outcomes, [row], [], [], [])
                await store.commit(batch)
            records = [event_record(row) for row in rows(partition)]
            await log.append(topics.events("users"), partition, records)
    finally:
        await log.stop()
        await database.close()
