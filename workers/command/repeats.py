"""Idempotency: whether a command with the id of a handled one is a repeat of it, or another command. Pure but for
counting.

A repeat has the same stream, type and content. The bytes may differ: a foreign client may send a command again with
other whitespace, or another order of fields.
"""

from collections.abc import Sequence

import orjson
import structlog

from contracts.outcome import IDEMPOTENCY_KEY_REUSED, content_digest, type_name
from workers import telemetry
from workers.command.reading import Request
from workers.core.decider import Rejection

REUSED = Rejection(
    IDEMPOTENCY_KEY_REUSED,
    "another command with this id was handled before; this one was not run: give it an id of its own",
)

log = structlog.get_logger(__name__)


def is_repeat(request: Request, outcome: bytes) -> bool:
    """Tell whether the request repeats the command of its stream that has this outcome (JSON)."""
    stored, envelope = orjson.loads(outcome), request.envelope
    if type_name(stored.get("type", envelope.type)) != type_name(envelope.type):
        return False
    digest = stored.get("content_digest")  # outcomes of earlier releases have none, so nothing more can be compared
    if digest is None or content_digest(request.record.value or b"") == digest:
        return True
    return request.command is not None and content_digest(request.command.to_json()) == digest


def count_repeats(context: str, repeated: int, reused: Sequence[Request]) -> None:
    """Count repeats, and commands that were rejected for their ids. The latter are logged, as nothing of them is
    stored.
    """
    telemetry.REPEATED.labels(context).inc(repeated)
    telemetry.IDS_REUSED.labels(context).inc(len(reused))
    for record, envelope, *_ in reused:
        log.warning(
            "a command was rejected: another command with its id was handled before",
            command_id=envelope.id,
            type=envelope.type,
            source=envelope.source,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
