"""Ids for commands: UUIDs of version 7, which sort by the time at which they were made.

Databases keep such keys together instead of scattering them over the whole index.
Layout: RFC 9562, section 5.7 (48 bits of milliseconds, version, 74 random bits, variant).
"""

import secrets
import time
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62


def new_identifier() -> str:
    """A new UUID of version 7 in its canonical text form."""
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    upper, lower = secrets.randbits(12), secrets.randbits(62)
    return str(UUID(int=milliseconds << 80 | _VERSION | upper << 64 | _VARIANT | lower))
