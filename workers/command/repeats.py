"""Whether a command that comes under the id of one that was handled is that command again.

It is when it asks for the same of the same stream. It need not be spelt the same: a foreign client may send it again
with other spaces, or another order of fields.
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
    "the command's id was given to another command, which was handled; this one was not run: give it an id of its own",
)

log = structlog.get_logger(__name__)


def is_repeat(request: Request, outcome: bytes) -> bool:
    """Whether the request asks for what this outcome (JSON) of its id answers."""
    known, envelope = orjson.loads(outcome), request.envelope
    if known.get("stream_id", envelope.subject) != envelope.subject:
        return False
    if type_name(known.get("type", envelope.type)) != type_name(envelope.type):
        return False
    digest = known.get("content_digest")  # none in outcomes of earlier releases: then nothing more can be told
    if digest is None or content_digest(request.record.value or b"") == digest:
        return True
    return request.command is not None and content_digest(request.command.to_json()) == digest


def count_repeats(context: str, repeated: int, reused: Sequence[Request]) -> None:
    """Count repeats, and commands that were refused for their ids; say where these are: nothing of them is stored."""
    telemetry.REPEATED.labels(context).inc(repeated)
    telemetry.IDS_REUSED.labels(context).inc(len(reused))
    for record, envelope, *_ in reused:
        log.warning(
            "a command was refused: its id was given to another one, which was handled",
            command_id=envelope.id,
            type=envelope.type,
            source=envelope.source,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
