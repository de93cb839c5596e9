"""An access token as a process keeps it: fetched once for all who ask, and again before it expires.

- A token is used for FRESH_SHARE of its lifetime; then a new one is fetched, while the old one still serves if that
  fails.
- A token that somebody has refused is replaced too, but not before it is REFUSED_SECONDS old: so a broker that believes
  no token at all costs the issuer little.
- After a failure the issuer is asked again in RETRY_SECONDS at the earliest, however many connections want a token.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from infra.identity.client_credentials import AccessToken, TokenNotIssued
from workers.ports.clock import Clock

FRESH_SHARE = 0.8
RETRY_SECONDS = 1.0
REFUSED_SECONDS = 10.0

log = structlog.get_logger(__name__)


class TokenCache:
    """`fetch` is bounded in time and raises TokenNotIssued."""

    def __init__(self, fetch: Callable[[], Awaitable[AccessToken]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: AccessToken | None = None
        self._asked_at = 0.0
        self._retry_at = 0.0
        self._was_refused = False
        self._why = ""
        self._fetching: asyncio.Task[None] | None = None

    async def token(self) -> str:
        """A token that is valid now. Raises TokenNotIssued."""
        if self._is_due() and self._clock() >= self._retry_at:
            await self._refreshed()
        if self._token is None or not self._is_valid():
            raise TokenNotIssued(self._why)
        return self._token.value

    def refused(self, token: str) -> None:
        """This token was refused, although it has not expired: its issuer may sign by another key now."""
        if self._token is not None and token == self._token.value:
            self._was_refused = True

    def _is_due(self) -> bool:
        was_refused = self._was_refused and self._clock() >= self._asked_at + REFUSED_SECONDS
        return was_refused or not self._is_valid(FRESH_SHARE)

    def _is_valid(self, share: float = 1.0) -> bool:
        return self._token is not None and self._clock() < self._asked_at + share * self._token.lifetime_seconds

    async def _refreshed(self) -> None:
        """Fetch a token, or wait for the fetch that is under way, unless that is of an event loop that has ended."""
        fetching = self._fetching
        if fetching is None or fetching.done() or fetching.get_loop() is not asyncio.get_running_loop():
            fetching = self._fetching = asyncio.create_task(self._fetched(), name="fetch a token")
        await asyncio.shield(fetching)

    async def _fetched(self) -> None:
        asked_at = self._clock()
        try:
            token = await self._fetch()
        except TokenNotIssued as error:
            if error.why != self._why:
                log.warning("no token from the issuer", reason=error.why, has_valid_token=self._is_valid())
            self._why, self._retry_at = error.why, self._clock() + RETRY_SECONDS
        else:
            if self._why:
                log.info("tokens are issued again")
            self._token, self._asked_at, self._why, self._was_refused = token, asked_at, "", False
