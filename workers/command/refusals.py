"""Commands that their senders may not send: what is kept of them.

The outcome is stored under an id of the record, and not under the command's: else anybody could spend the ids of
others' commands. So the record of who was refused what is complete, and the rightful sender is not hindered.
"""

import hashlib

from uuid_utils import UUID, uuid5

from workers.ports.log import InboundRecord

_LENGTH_BYTES = 8


def refusal_id(command_id: str, record: InboundRecord) -> str:
    """The id under which the refusal of a record is stored: a UUID that follows from the command's id and from all that
    the record holds. Its place does not count: a copy that was sent on to the lane of its key is the same command.
    """
    digest = hashlib.sha256()
    parts = [record.key, record.value]
    for name, value in record.headers:
        parts += [name.encode(errors="surrogateescape"), value]
    for part in parts:
        digest.update(len(part or b"").to_bytes(_LENGTH_BYTES, "big") + (part or b""))
    return str(uuid5(UUID(command_id), f"refused/{digest.hexdigest()}"))
