"""Tokens for SASL OAUTHBEARER (RFC 7628), from a function of the caller's, as aiokafka asks for them.

Whatever that function does, aiokafka gets a token, or an error that it takes for a broker which cannot be reached now:
any other would end one of its background tasks.

Importing this module has aiokafka end a login whose token the broker refuses. It would take the broker's reason for a
success otherwise, and fail later by an error that tells nothing.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import AIOKafkaConnection, OAuthAuthenticator
from aiokafka.errors import KafkaConnectionError

TokenProvider = Callable[[], Awaitable[str]]
"""Returns a token that is valid now. It is called for each connection, so it keeps a token as long as that is valid.
An exception, or TOKEN_TIMEOUT_SECONDS without an answer, means that there is none now; it is asked again then. If it
has a method `refused(token)`, that is called with a token that a broker has refused.
"""

TOKEN_TIMEOUT_SECONDS = 10.0
MAX_TOKEN_CHARACTERS = 65_536

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1


class TokenUnavailable(KafkaConnectionError):  # type: ignore[misc]  # aiokafka ships no types
    """There is no token to log in with. `why` holds no part of one."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no token to log in with: {why}")
        self.why = why


class BearerTokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka ships no types
    """What aiokafka is given as `sasl_oauth_token_provider`."""

    def __init__(self, provider: TokenProvider) -> None:
        self._provider = provider

    async def token(self) -> str:
        """A token. Raises TokenUnavailable."""
        try:
            async with asyncio.timeout(TOKEN_TIMEOUT_SECONDS):
                token = await self._provider()
        except TokenUnavailable:
            raise
        except TimeoutError as error:
            raise TokenUnavailable(f"the token provider has not answered within {TOKEN_TIMEOUT_SECONDS:g} s") from error
        except Exception as error:  # it is the caller's: its text may hold a secret
            raise TokenUnavailable(f"the token provider raised {type(error).__name__}") from error
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
            raise TokenUnavailable(
                f"the token provider returned no bearer token of at most {MAX_TOKEN_CHARACTERS} characters (RFC 6750)"
            )
        return token

    def refused(self, token: str) -> None:
        """Tell the provider, if it wants to know, that a broker has refused this token."""
        tell = getattr(self._provider, "refused", None)
        if tell is not None:
            tell(token)


class _EndsRefusedLogin(OAuthAuthenticator):  # type: ignore[misc]  # aiokafka ships no types
    """Answers a broker's reason for a refusal as RFC 7628, section 3.2.3, says; the broker then ends the login."""

    def __init__(self, provider: Any) -> None:
        super().__init__(sasl_oauth_token_provider=self)
        self._provider = provider
        self._token = ""
        self._has_ended = False

    async def token(self) -> str:
        self._token = await self._provider.token()
        return self._token

    def extensions(self) -> dict[str, str]:
        extensions: dict[str, str] = self._provider.extensions()
        return extensions

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        if not self._token_sent or not payload or self._has_ended:
            step: tuple[bytes, bool] | None = await super().step(payload)
            return step
        self._has_ended = True
        if isinstance(self._provider, BearerTokens):
            self._provider.refused(self._token)
        return b"\x01", True


def _authenticator(connection: Any) -> OAuthAuthenticator:
    return _EndsRefusedLogin(connection._sasl_oauth_token_provider)  # noqa: SLF001


AIOKafkaConnection.authenticator_oauth = _authenticator
