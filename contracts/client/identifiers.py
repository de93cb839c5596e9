"""Ids for commands: UUIDs of version 7, which sort by the time at which they were made.

A database index keeps such keys together.
Layout: RFC 9562, section 5.7 (48 bits of milliseconds, version, 74 random bits, variant).
"""

import secrets
import time
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62


def identifier_after(identifier: str) -> str:
    """Another UUID of version 7, always the same one for the same UUID, and of the same time."""
    before = UUID(identifier)
    drawn = int.from_bytes(sha256(before.bytes).digest())
    return _written(before.int >> 80, drawn & 0xFFF, drawn >> 12 & (1 << 62) - 1)


def command_id_for(source: str, key: str) -> str:
    """The id of the command that `source` (`/shop`) sends for `key`, such as the number of its own order and what the
    command is for: always the same UUID (version 5) for the same two texts. So a service that was killed sends the
    command again under its id without having stored it. Give each command a key of its own.
    """
    return str(uuid5(uuid5(NAMESPACE_URL, source), key))


def new_identifier() -> str:
    """A new UUID of version 7 in its canonical text form."""
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    return _written(milliseconds, secrets.randbits(12), secrets.randbits(62))


def _written(milliseconds: int, upper: int, lower: int) -> str:
    return str(UUID(int=milliseconds << 80 | _VERSION | upper << 64 | _VARIANT | lower))
