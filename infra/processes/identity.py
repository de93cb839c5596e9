"""The composition of authentication: from the settings to what checks the tokens of the gateway's callers.

Only a gateway that authenticates imports this: the libraries of tokens take 12 MB and their time.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from infra.home import Home
from infra.identity import development_issuer
from infra.identity.claims import USUAL_USER_CLAIM
from infra.identity.development_issuer import DevelopmentIssuer
from infra.identity.issuer_client import IssuerClient
from infra.identity.key_set import Fetch, KeySet, KeyTimes
from infra.identity.tokens import Expected, JwtAuthenticator
from infra.monotonic_clock import MonotonicClock
from infra.postgres.api_keys import PostgresApiKeys
from infra.postgres.roles import API_KEYS
from infra.processes.resources import database_for, opened_at_last
from infra.settings import Settings
from workers.gateway.api_keys import ApiKeyAuthenticator
from workers.gateway.authenticators import KeysAndTokens
from workers.ports.identity import Authenticator

CONNECTIONS = 2
# The file of the development issuer is read as soon as a token names a key that is not known.
DEVELOPMENT_TIMES = KeyTimes(refresh_seconds=5.0, unknown_key_seconds=0.0, retry_seconds=5.0)  # a file costs nothing

log = structlog.get_logger(__name__)


class Authenticating:
    """The authenticator, what must run beside it, and its end. For located settings with ANNALS_AUTH=oidc."""

    def __init__(self, settings: Settings) -> None:
        clock = MonotonicClock()
        self._database = database_for(settings, role=API_KEYS, connections=CONNECTIONS)
        fetch, expected, times, self._close_issuer = _issuer_of(settings)
        self._keys = KeySet(fetch, clock, times)
        self._api_keys = ApiKeyAuthenticator(PostgresApiKeys(self._database), clock)
        self.authenticator: Authenticator = KeysAndTokens(
            self._api_keys, JwtAuthenticator(self._keys, expected, time.time)
        )

    def beside(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs until it is cancelled, by its name."""
        opening = opened_at_last(self._database, "the gateway waits for its database to check API keys", log)
        return {
            "open the database of API keys": opening,
            "fetch the keys of the issuer": self._keys.keep_fresh(),
            "note the use of API keys": self._api_keys.keep_notes(),
        }

    async def close(self) -> None:
        """Close the connections."""
        self._keys.stop()
        await self._close_issuer()
        await self._database.close()


def _issuer_of(settings: Settings) -> tuple[Fetch, Expected, KeyTimes, Callable[[], Awaitable[None]]]:
    user_claim, scope_claim = settings.auth_user_claim or USUAL_USER_CLAIM, settings.auth_scope_claim
    if settings.auth_development_issuer:
        expected = Expected(
            development_issuer.ISSUER,
            development_issuer.AUDIENCE,
            settings.auth_leeway_seconds,
            user_claim,
            scope_claim,
        )
        return DevelopmentIssuer(Home(settings.home)).fetch, expected, DEVELOPMENT_TIMES, _nothing_to_close
    assert settings.auth_issuer is not None, "settings with ANNALS_AUTH=oidc have an issuer"
    assert settings.auth_audience is not None, "settings with ANNALS_AUTH=oidc have an audience"
    client = IssuerClient(settings.auth_issuer, settings.auth_jwks_url, ca_file=settings.auth_tls_ca_file)
    expected = Expected(
        settings.auth_issuer, settings.auth_audience, settings.auth_leeway_seconds, user_claim, scope_claim
    )
    return client.fetch, expected, KeyTimes(), client.aclose


async def _nothing_to_close() -> None:
    """A file is not kept open."""
