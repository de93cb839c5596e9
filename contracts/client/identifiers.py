"""Ids for commands: UUIDs of version 7, which sort by the time at which they were made.

A database index keeps such keys together.
Layout: RFC 9562, section 5.7 (48 bits of milliseconds, version, 74 random bits, variant).
"""

import secrets
import time
from hashlib import sha256
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62


def identifier_after(identifier: str) -> str:
    """Another UUID of version 7, always the same one for the same UUID, and of the same time."""
    before = UUID(identifier)
    drawn = int.from_bytes(sha256(before.bytes).digest())
    return _written(before.int >> 80, drawn & 0xFFF, drawn >> 12 & (1 << 62) - 1)


def new_identifier() -> str:
    """A new UUID of version 7 in its canonical text form."""
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    return _written(milliseconds, secrets.randbits(12), secrets.randbits(62))


def _written(milliseconds: int, upper: int, lower: int) -> str:
    return str(UUID(int=milliseconds << 80 | _VERSION | upper << 64 | _VARIANT | lower))
