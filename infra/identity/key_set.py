"""The keys of an issuer as a process keeps them: fetched beside the requests, and by a token that names an unknown one.

- Each REFRESH_SECONDS they are fetched again: a key that has left the issuer's list is accepted no longer than that.
- An unknown key id has them fetched too, as the issuer may have begun to sign with a new key; but at most once in
  UNKNOWN_KEY_SECONDS, and once for all who wait. So whoever makes up key ids costs the issuer one request.
- While the issuer does not answer, or answers nonsense, the last keys are kept, for MAX_AGE_SECONDS at most.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from infra.identity.issuer_keys import IssuerKey, KeysUnusable, key_for
from workers.ports.clock import WaitingClock
from workers.ports.lanes import Unavailable

ISSUER = "the issuer of tokens"

log = structlog.get_logger(__name__)

Fetch = Callable[[], Awaitable[Sequence[IssuerKey]]]
"""Fetches the keys; bounded in time. Raises KeysUnusable."""


class KeyTimes(NamedTuple):
    """How long keys are kept. All in seconds."""

    refresh_seconds: float = 300.0
    unknown_key_seconds: float = 30.0
    retry_seconds: float = 5.0
    max_age_seconds: float = 86_400.0


USUAL_TIMES = KeyTimes()


class KeySet:
    """The keys. `keep_fresh` must run beside it."""

    def __init__(self, fetch: Fetch, clock: WaitingClock, times: KeyTimes = USUAL_TIMES) -> None:
        self._fetch = fetch
        self._clock = clock
        self._times = times
        self._keys: Sequence[IssuerKey] = ()
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._fault: str | None = "its keys have not been fetched yet"
        self._fetching: asyncio.Task[None] | None = None
        self._generation = 0

    def generation(self) -> int:
        """A number that changes with the keys: what was verified under another one must be verified again."""
        self._drop_old()
        return self._generation

    async def key(self, id_: str | None, algorithm: str) -> IssuerKey | None:
        """The key that a token names; None: the issuer has none like that. Raises Unavailable when that cannot be known
        now.
        """
        self._drop_old()
        key = key_for(self._keys, id_, algorithm)
        if key is None and self._may_ask():
            await self.refresh()
            key = key_for(self._keys, id_, algorithm)
        if key is None and self._fault is not None:
            raise Unavailable(ISSUER, self._fault)
        return key

    async def refresh(self) -> None:
        """Fetch the keys now, or wait for the fetch that is under way. A failure keeps those that there are."""
        if self._fetching is None:
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._fetched(), name="fetch the keys of the issuer")
        await asyncio.shield(self._fetching)

    async def keep_fresh(self) -> None:
        """Fetch the keys again and again. Runs until cancelled."""
        while True:
            await self.refresh()
            await self._clock.sleep(self._times.refresh_seconds if self._fault is None else self._times.retry_seconds)

    def stop(self) -> None:
        """End the fetch that is under way, if there is one."""
        if self._fetching is not None:
            self._fetching.cancel()

    def _may_ask(self) -> bool:
        if self._fetching is not None or self._asked_at is None:
            return True
        return self._clock() - self._asked_at >= self._times.unknown_key_seconds

    async def _fetched(self) -> None:
        try:
            keys = await self._fetch()
        except KeysUnusable as error:
            self._failed(error.why)
        except Exception as error:  # a bug here must not end the fetching for good
            log.error("the keys of the issuer cannot be fetched: a bug", exc_info=error)
            self._fault = "its keys cannot be fetched"
        else:
            if {key.material for key in keys} != {key.material for key in self._keys}:
                self._generation += 1
                log.info("the issuer has other keys than before", keys=len(keys))
            elif self._fault is not None:
                log.info("the keys of the issuer are fetched again")
            self._keys, self._fetched_at, self._fault = keys, self._clock(), None
        finally:
            self._fetching = None

    def _failed(self, why: str) -> None:
        if why != self._fault:
            log.warning("the keys of the issuer cannot be fetched", reason=why, kept_keys=len(self._keys))
        self._fault = why

    def _drop_old(self) -> None:
        if self._fetched_at is not None and self._clock() - self._fetched_at > self._times.max_age_seconds:
            log.error("the keys of the issuer are too old to be trusted", reason=self._fault)
            self._keys, self._fetched_at = (), None
            self._generation += 1
