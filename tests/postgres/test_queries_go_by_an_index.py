"""The workers' queries find their index also in a table that is young, grows fast and was never analysed.

A plan is made once a session and kept; a wrong one made every batch read a whole context, 30 times slower.
"""

from typing import Any

import asyncpg
import pytest

from infra.postgres.lists import listed
from infra.postgres.migrate import migrate
from infra.postgres.pool import SESSION_SETTINGS
from infra.postgres.queries import sql
from infra.settings import Settings

COMMAND = "1c6f9b9e-0f4b-4f0e-8c56-4a3f1a3f9b10"
LOOK_UP = ["a", COMMAND, "users", listed(["a", "b", "c"]), "fingerprint"]
QUERIES: dict[str, tuple[str, list[Any]]] = {
    "look_up": ("events_stream snapshots_pkey commands_pkey", LOOK_UP),
    "snapshots_after": ("snapshots_pkey events_stream", ["users", "a", 100]),
    "outcome": ("commands_pkey", [COMMAND, "users", "a"]),
    "outcomes_of": ("commands_pkey", [COMMAND, 10]),
    "streams": ("events_stream", ["users", listed(["a", "b", "c"])]),
    "not_accepted": ("commands_pkey", ["users", "a", COMMAND]),
    "commands_without_outcome": ("commands_pkey", ["users", "a", COMMAND]),
    "statuses_in_stream": ("commands_pkey", ["users", "a", COMMAND]),
    "events_after": ("events_pkey", ["users", 0, 5, 100]),
    "events_at": ("events_pkey", ["users", 0, listed(["1", "2", "3"])]),
    "recorded_ends": ("events_pkey", ["users"]),
    "outbox_ends": ("saga_outbox_pkey", ["users.events"]),
    "stream_end": ("events_stream", ["users", "a"]),
    "streams_after": ("events_stream", ["users", "a", 100]),
    "unknown_streams": ("events_stream", ["users", listed(["a", "b", "c"])]),
    "statuses": ("commands_pkey", [COMMAND]),
    "step_statuses": ("saga_outbox_pkey commands_pkey", ["users.events", 0, listed(["1", "2"])]),
    "unique_claims_of": ("unique_claims_pkey", ["users", listed(["email"]), listed(["a"])]),
    "unique_claims_after": ("unique_claims_pkey", ["users", "email", "a", 100]),
    "credentials_after": ("credentials_pkey", ["users", "a", 100]),
    "instances_after": ("sagas_pkey saga_journal_pkey", ["welcome", "a", 100]),
    "journals": ("saga_journal_pkey events_pkey", ["welcome", listed(["a", "b"])]),
    "steps_of": (
        "saga_outbox_instance commands_pkey step_rejections_pkey unchanged_steps_pkey",
        ["welcome", listed(["a", "b"])],
    ),
    "deadlines_of": ("deadlines_pkey", ["welcome", listed(["a", "b"])]),
    "event_coverage": ("saga_journal_pkey", [listed(["welcome"]), listed(["a"]), "users", 0, 1, 100]),
    "older_than_journal": ("sagas_pkey saga_journal_pkey", [listed(["welcome"]), listed(["a"])]),
    "unknown_instances": ("sagas_pkey saga_journal_pkey", [listed(["welcome"]), listed(["a"])]),
    "due": ("deadlines_due step_rejections_pkey saga_outbox_pkey", ["users.events", 0, listed(["welcome"]), 100]),
    "deadlines_overdue": ("deadlines_due", ["users.events", 0, 60.0, 100]),
    "deadlines_without_instance": ("deadlines_pkey sagas_pkey saga_journal_pkey", ["welcome", "a", "b", 100]),
    "rejections_overdue": (
        "step_rejections_pkey unchanged_steps_pkey saga_outbox_pkey",
        ["users.events", 0, 60.0, 100],
    ),
    "rejections_without_step": (
        "step_rejections_pkey unchanged_steps_pkey saga_outbox_pkey",
        ["users.events", 0, 5, 100],
    ),
    "outbox_after": ("saga_outbox_pkey", ["users.events", 0, 5, 100]),
    "causes": ("commands_pkey saga_outbox_command", ["users", "a", COMMAND]),
    "correlated_commands": ("commands_correlation", ["a", 100]),
    "correlated_events": ("commands_correlation events_pkey", ["a", 100]),
    "correlated_steps": ("saga_outbox_correlation", ["a", 100]),
    "correlated_sagas": ("sagas_correlation saga_journal_pkey", ["a", 100]),
    "correlated_notices": ("sagas_correlation saga_journal_pkey", ["a", 100]),
    "saga_instance": ("sagas_pkey", ["welcome", "a"]),
    "deadlines_of_instance": ("deadlines_pkey", ["welcome", "a", 100]),
    "journal_of_instance": ("saga_journal_pkey events_pkey", ["welcome", "a", 100]),
    "steps_of_instance": ("saga_outbox_instance commands_pkey", ["welcome", "a", 100]),
    "api_key": ("api_keys_pkey", ["0123456789abcdef"]),
    "note_api_keys_used": ("api_keys_pkey", [listed(["0123456789abcdef"]), 55.0]),
    "revoke_api_key": ("api_keys_pkey", ["0123456789abcdef"]),
    "saga_states": ("sagas_pkey", [listed(["welcome"]), listed(["a"])]),
}


@pytest.mark.parametrize("name", QUERIES)
async def test_as_a_generic_plan(settings: Settings, name: str) -> None:
    indexes, arguments = QUERIES[name]
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    await migrate(url)
    planning = {"plan_cache_mode": "force_generic_plan"}
    connection = await asyncpg.connect(url, server_settings=SESSION_SETTINGS | planning)
    try:
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql(name)}", *arguments))
    finally:
        await connection.close()
    for index in indexes.split():
        assert f"using {index}" in plan or f"on {index}" in plan, plan
    assert "Seq Scan" not in plan, plan
