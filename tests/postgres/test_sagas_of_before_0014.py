"""What sagas waited for before 0014, without a deadline and in silence, they hear of, or are woken about, after it."""

import asyncpg
import pytest

from infra.postgres.migrate import migrate
from infra.postgres.migration_files import migrations

COMMAND_ID = "00000000-0000-5000-8000-{:012d}"


async def test_of_what_was_accepted_in_silence_before_0014_its_sagas_hear_now(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [each for each in migrations() if each.number < 14]
    with monkeypatch.context() as patched:
        patched.setattr("infra.postgres.migrate.migrations", lambda: before)
        await migrate(empty_url)
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        for position, hears, status, events in (
            (1, True, "accepted", "[]"),
            (2, False, "accepted", "[]"),
            (3, True, "accepted", '[{"event_id": "e"}]'),
            (4, True, "rejected", "[]"),
            (5, True, None, None),
        ):
            await connection.execute(
                "INSERT INTO annals.saga_outbox (topic, partition, position, saga, instance_id, step, command_id,"
                " command_type, stream_id, data, correlation_id, causation_id, caused_at, handles_rejection) VALUES"
                " ('orders.events', 0, $1, 'fulfilment', 'o-1', 'step', $3,"
                " 'payments.ReserveFunds.v1', 'ada', '{}', 'c', 'c', now(), $2)",
                *(position, hears, COMMAND_ID.format(position)),
            )
            if status is not None:
                await connection.execute(
                    "INSERT INTO annals.commands (command_id, type, context, stream_id, status, partition, sequence,"
                    " correlation_id, causation_id, handled_at, outcome) VALUES"
                    " ($1, 'payments.ReserveFunds.v1', 'payments', 'ada',"
                    " $2, 0, 1, 'c', 'c', now(), json_build_object('events', $3::json))",
                    *(COMMAND_ID.format(position), status, events),
                )
        await migrate(empty_url)
        assert [row[0] for row in await connection.fetch("SELECT position FROM annals.unchanged_steps")] == [1]
    finally:
        await connection.close(timeout=10)


async def test_who_waited_for_an_answer_before_0014_has_a_deadline_for_it_now(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the saga would have set it: by what led to the last step, or by the cancellation."""
    before = [each for each in migrations() if each.number < 14]
    with monkeypatch.context() as patched:
        patched.setattr("infra.postgres.migrate.migrations", lambda: before)
        await migrate(empty_url)
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        await connection.execute(
            "INSERT INTO annals.lanes (role, topic, partition, input_sequence) VALUES ('saga', 'x.orders.events', 2, 9)"
        )
        for number, (saga, status, state) in enumerate(
            [
                ("fulfilment", "capture_funds", "{}"),
                ("fulfilment", "compensate", "{}"),
                ("fulfilment", "completed", "{}"),
                ("fulfilment", "stuck", '{"reason": "late", "is_cancelled": false, "funds": "asked back"}'),
                ("fulfilment", "stuck", '{"reason": null, "is_cancelled": false, "funds": "reserved"}'),
                ("welcome", "welcome", "{}"),
            ],
            start=1,
        ):
            instance = f"i-{number}"
            cause = COMMAND_ID.format(number)
            await connection.execute(
                "INSERT INTO annals.sagas (saga, instance_id, status, state, correlation_id, started_at, updated_at,"
                " version, taken) VALUES ($1, $2, $3, $4, 'c', now(), now(), 2, 1)",
                *(saga, instance, status, state),
            )
            for version, event_id, entered in ((1, COMMAND_ID.format(100 + number), "before"), (2, cause, status)):
                await connection.execute(
                    "INSERT INTO annals.saga_journal (saga, instance_id, version, type, context, partition, sequence,"
                    " event_id, recorded_at, status) VALUES ($1, $2, $3, 'orders.OrderCancelled.v1', 'orders', 2, $4,"
                    " $5, now(), $6)",
                    *(saga, instance, version, 10 * number + version, event_id, entered),
                )
                await connection.execute(
                    "INSERT INTO annals.events (context, partition, sequence, stream_id, stream_version, event_id,"
                    " type, schema_version, data, command_id, correlation_id, causation_id, recorded_at) VALUES"
                    " ('orders', 2, $1, $2, $1, $3, 'OrderCancelled', 1, '{}', $3, 'of the event', 'c',"
                    " '2026-01-01T00:00:00Z')",
                    *(10 * number + version, instance, event_id),
                )
            last = COMMAND_ID.format(100 + number) if status == "compensate" else cause
            await connection.execute(
                "INSERT INTO annals.saga_outbox (topic, partition, position, saga, instance_id, step, command_id,"
                " command_type, stream_id, data, correlation_id, causation_id, caused_at) VALUES"
                " ('x.payments.events', 1, $1, $2, $3, 'step', $4, 't', 's', '{}', 'of the step', $5,"
                " '2026-01-02T00:00:00Z')",
                *(number, saga, instance, COMMAND_ID.format(200 + number), last),
            )
        await migrate(empty_url)
        rows = await connection.fetch(
            "SELECT instance_id, name, topic, partition, due_at::text, event_id::text, correlation_id"
            " FROM annals.deadlines ORDER BY instance_id"
        )
        by_step = ("answer", "x.payments.events", 1, "2026-01-02 00:01:00+00")
        by_event = ("answer", "x.orders.events", 2, "2026-01-01 00:01:00+00")
        assert [tuple(row) for row in rows] == [
            ("i-1", *by_step, COMMAND_ID.format(1), "of the step"),
            ("i-2", *by_event, COMMAND_ID.format(2), "of the event"),
            ("i-4", *by_step, COMMAND_ID.format(4), "of the step"),
            ("i-6", *by_step, COMMAND_ID.format(6), "of the step"),
        ]
    finally:
        await connection.close(timeout=10)
