"""Who may do what in the schema: written once more, apart from infra/postgres/rights.sql. A right that is not here is a
fault, and so is one that is missing.
"""

from infra.postgres.roles import (
    ANALYTICS,
    API_KEYS,
    AUDIT,
    COMMAND,
    GATEWAY,
    PROJECTION,
    READER,
    RIGHTS_OF,
    ROLES,
    SAGA,
    WRITER,
)

READ = {"SELECT": "*"}
LANE = (
    "epoch owner acquired_at topic_id consumed last_offset last_timestamp published_topic_id published_sequence "
    "published_offset"
)
INSTANCE = "saga instance_id status state correlation_id started_at updated_at version applied"
LANE_OF_A_WORKER = f"{LANE} input_sequence sequence"
EVERYBODY = {"migrations": READ, "functions": READ, "installation": READ}
BOTH_WORKERS = {
    **EVERYBODY,
    "installation": {"SELECT": "*", "INSERT": "*"},
    "lanes": {"SELECT": "*", "INSERT": "*", "UPDATE": LANE_OF_A_WORKER},
    "log_interruptions": {"INSERT": "*"},
    "open_log_interruptions": READ,
}

Granted = dict[str, dict[str, dict[str, str]]]

# The role, the table or view, the right, and the columns that it is for: `*` is the whole table.
TABLES: Granted = {
    COMMAND: {
        **BOTH_WORKERS,
        "lanes": {"SELECT": "*", "INSERT": "*", "UPDATE": f"{LANE_OF_A_WORKER} event_types"},
        "events": {"SELECT": "*", "INSERT": "*"},
        "live_events": READ,
        "commands": {"SELECT": "*", "INSERT": "*"},
        "outcomes": READ,
        "unique_claims": {"SELECT": "*", "INSERT": "*", "UPDATE": "stream_id claimed_at", "DELETE": "*"},
        "snapshots": {"SELECT": "*", "INSERT": "*", "UPDATE": "stream_version fingerprint digest state taken_at"},
        "credentials": {"SELECT": "context stream_id", "INSERT": "*", "DELETE": "*"},
        "saga_outbox": READ,
        "event_signing_keys": READ,
        "reply_signing_keys": READ,
        "command_signing_keys": READ,
        "api_keys": {"SELECT": "id name scopes hash created_at expires_at revoked_at"},
        "step_rejections": {"INSERT": "*"},
        "unchanged_steps": {"INSERT": "*"},
    },
    SAGA: {
        **BOTH_WORKERS,
        "events": READ,
        "live_events": READ,
        "sagas": {"SELECT": "*", "INSERT": "*", "UPDATE": "status state updated_at version applied seeded_to"},
        "saga_journal": {"INSERT": "*"},
        "saga_outbox": {"SELECT": "*", "INSERT": "*"},
        "saga_beginnings": {"INSERT": "*"},
        "event_signing_keys": READ,
        "command_signing_keys": READ,
        "deadlines": {"SELECT": "*", "INSERT": "*", "UPDATE": "*", "DELETE": "*"},
        "parked_streams": {"SELECT": "*", "INSERT": "*", "UPDATE": "*", "DELETE": "*"},
        "step_rejections": {"SELECT": "*", "DELETE": "*"},
        "unchanged_steps": {"SELECT": "*", "DELETE": "*"},
    },
    PROJECTION: {**EVERYBODY, "events": READ, "live_events": READ, "event_signing_keys": READ},
    ANALYTICS: {**EVERYBODY, "events": READ, "live_events": READ, "event_signing_keys": READ},
    GATEWAY: {
        **EVERYBODY,
        **dict.fromkeys(("live_events", "events", "commands", "outcomes", "saga_journal", "saga_outbox"), READ),
        "sagas": {"SELECT": INSTANCE},
        "reply_signing_keys": READ,
        "command_signing_keys": READ,
    },
    API_KEYS: {**EVERYBODY, "api_keys": {"SELECT": "*", "UPDATE": "last_used_at"}},
    READER: {
        **EVERYBODY,
        **dict.fromkeys(("lanes", "events", "commands", "outcomes", "unique_claims", "snapshots"), READ),
        **dict.fromkeys(("saga_journal", "saga_outbox", "saga_beginnings", "deadlines"), READ),
        "sagas": {"SELECT": INSTANCE},
        **dict.fromkeys(("step_rejections", "unchanged_steps", "parked_streams", "interventions"), READ),
        **dict.fromkeys(("log_interruptions", "open_log_interruptions"), READ),
        **dict.fromkeys(("stream_generations", "copied_lanes", "copied_events", "live_generations"), READ),
        "live_events": READ,
        "credentials": {"SELECT": "context stream_id"},
        "api_keys": {"SELECT": "id name scopes created_at expires_at revoked_at last_used_at"},
    },
    AUDIT: {
        **EVERYBODY,
        "event_signing_keys": READ,
        "command_signing_keys": READ,
        "sagas": {"SELECT": "seed seeded_to"},
        "interventions": {"INSERT": "*"},
        "log_interruptions": {"INSERT": "*"},
        "unique_claims": {"INSERT": "*", "DELETE": "*"},
        "credentials": {"DELETE": "*"},
        "snapshots": {"DELETE": "*"},
        "parked_streams": {"UPDATE": "requested_action"},
        "lanes": {"INSERT": "*", "UPDATE": f"{LANE} event_types"},
        "stream_generations": {"INSERT": "*"},
        "copied_lanes": {"INSERT": "*", "UPDATE": "copied_to changed types"},
        "copied_events": {"INSERT": "*"},
        "live_generations": {"INSERT": "*", "UPDATE": "generation previous switched_at log_renewed_at"},
        "api_keys": {"SELECT": "hash", "INSERT": "*", "UPDATE": "revoked_at"},
    },
    WRITER: EVERYBODY,
}

COMMITS = {"commit_commands", "acquire_claims", "settle_claims", "keep_credentials", "keep_snapshots"}
FUNCTIONS = {
    COMMAND: {"listed", "answers", *COMMITS},
    SAGA: {"listed", "commit_sagas", "require_events", "update_instances", "update_deadlines", "update_parked_streams"},
    PROJECTION: {"listed"},
    ANALYTICS: {"listed"},
    GATEWAY: {"listed"},
    API_KEYS: {"listed"},
    READER: {"listed", "answers"},
}


def with_theirs(role: str) -> set[str]:
    """The role and all whose rights it has."""
    return {role}.union(*(with_theirs(other) for other in RIGHTS_OF.get(role, ())))


def columns_of(role: str, table: str, right: str) -> set[str]:
    """The columns for which a role has a right, by itself or by another role; `*` is the whole table."""
    granted = [TABLES.get(one, {}).get(table, {}).get(right, "") for one in with_theirs(role)]
    return {column for columns in granted for column in columns.split()}


def functions_of(role: str) -> set[str]:
    """The functions that a role may call, by itself or by another role."""
    return {name for one in with_theirs(role) for name in FUNCTIONS.get(one, set())}


GRANTEES = ROLES[1:]
"""All roles but the owner."""
