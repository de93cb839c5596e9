"""Authenticates services by their keys: `annals_<id>_<secret>`, found by the id, compared by the hash of the whole.

The id has 64 random bits and is no secret. The secret has 256, so its SHA-256 needs neither salt nor time: nobody can
try all. What is stored of a key is kept for KEPT_SECONDS, at most MAX_KEPT_KEYS of them, so a revocation takes effect
within that time. An id that is not stored is asked for each time, and at most MAX_CONCURRENT_LOOKUPS at once.

When a key was last used is noted beside the requests: once a minute for each key, and never at their cost.
"""

import asyncio
import hmac
import re
from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple

import structlog

from contracts.principal import SERVICE_PREFIX, Principal
from workers.ports.api_keys import ApiKeys, StoredApiKey
from workers.ports.clock import WaitingClock
from workers.ports.commands import Overloaded
from workers.ports.identity import TokenRefused
from workers.ports.lanes import Unavailable

PREFIX = "annals_"
KEPT_SECONDS = 5.0
MAX_KEPT_KEYS = 10_000
MAX_CONCURRENT_LOOKUPS = 32
NOTE_INTERVAL_SECONDS = 5.0
NOTED_AGAIN_AFTER_SECONDS = 60.0
MAX_NOTES_AT_ONCE = 1000

_FORM = re.compile(r"annals_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
_UNKNOWN = "the API key is unknown, revoked or expired"

log = structlog.get_logger(__name__)


class _Kept(NamedTuple):
    key: StoredApiKey
    until: float
    principal: Principal


class ApiKeyAuthenticator:
    """`Authenticator` of API keys. `keep_notes` must run beside it."""

    def __init__(self, keys: ApiKeys, clock: WaitingClock) -> None:
        self._keys = keys
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lookups: dict[str, asyncio.Task[_Kept | None]] = {}
        self._to_note: set[str] = set()
        self._noted_at: OrderedDict[str, float] = OrderedDict()

    async def principal(self, token: str) -> Principal:
        form = _FORM.fullmatch(token)
        if form is None:
            raise TokenRefused("the API key does not have the form of one")
        id_ = form[1]
        kept = self._kept.get(id_)
        if kept is None or kept.until <= self._clock():
            kept = await self._looked_up(id_)
        if kept is None or not hmac.compare_digest(sha256(token.encode()).digest(), kept.key.hash):
            raise TokenRefused(_UNKNOWN)
        self._note(id_)
        return kept.principal

    async def _looked_up(self, id_: str) -> _Kept | None:
        """What is stored of a usable key, asked for once by all who ask for it now."""
        lookup = self._lookups.get(id_)
        if lookup is None:
            if len(self._lookups) >= MAX_CONCURRENT_LOOKUPS:
                raise Overloaded("API keys", MAX_CONCURRENT_LOOKUPS)
            lookup = self._lookups[id_] = asyncio.create_task(self._look_up(id_), name="look up an API key")
            lookup.add_done_callback(_consume)
        return await asyncio.shield(lookup)

    async def _look_up(self, id_: str) -> _Kept | None:
        try:
            asked_at = self._clock()
            key = await self._keys.api_key(id_)
        finally:
            del self._lookups[id_]
        self._kept.pop(id_, None)
        remaining = KEPT_SECONDS
        if key is not None and key.remaining_seconds is not None:
            remaining = min(remaining, key.remaining_seconds)
        if key is None or key.is_revoked or remaining <= 0:
            return None
        kept = self._kept[id_] = _Kept(key, asked_at + remaining, Principal(f"{SERVICE_PREFIX}{key.name}", key.scopes))
        if len(self._kept) > MAX_KEPT_KEYS:
            self._kept.popitem(last=False)
        return kept

    def _note(self, id_: str) -> None:
        noted_at = self._noted_at.get(id_)
        if noted_at is None or self._clock() - noted_at >= NOTED_AGAIN_AFTER_SECONDS:
            self._noted_at[id_] = self._clock()
            self._noted_at.move_to_end(id_)
            if len(self._noted_at) > MAX_KEPT_KEYS:
                self._noted_at.popitem(last=False)
            self._to_note.add(id_)

    async def keep_notes(self) -> None:
        """Write down now and then which keys have been used. Runs until cancelled."""
        while True:
            await self._clock.sleep(NOTE_INTERVAL_SECONDS)
            await self.write_notes()

    async def write_notes(self) -> None:
        """Write down which keys have been used since the last time. What cannot be written is forgotten."""
        used, self._to_note = sorted(self._to_note), set()
        for start in range(0, len(used), MAX_NOTES_AT_ONCE):
            try:
                await self._keys.note_used(used[start : start + MAX_NOTES_AT_ONCE])
            except Unavailable as error:
                log.warning("the last use of API keys cannot be written down", keys=len(used), reason=str(error))
                return
            except Exception as error:  # a bug here must not end the notes for good
                log.error("the last use of API keys cannot be written down: a bug", exc_info=error)
                return


def _consume(lookup: "asyncio.Task[_Kept | None]") -> None:
    """Whoever waited for it may be gone: then nobody else takes its exception."""
    if not lookup.cancelled():
        lookup.exception()
