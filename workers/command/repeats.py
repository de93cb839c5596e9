"""Whether a command that comes under the id of one that was handled is that command again. Pure.

It is when it asks for the same of the same stream. It need not be spelt the same: a foreign client may send it again
with other spaces, or another order of fields.
"""

import orjson

from contracts.outcome import IDEMPOTENCY_KEY_REUSED, content_digest, type_name
from workers.command.reading import Request
from workers.core.decider import Rejection

REUSED = Rejection(
    IDEMPOTENCY_KEY_REUSED,
    "the command's id was given to another command, which was handled; this one was not run: give it an id of its own",
)


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
