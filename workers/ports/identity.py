"""Who asks: a token that came with a request is turned into the principal that it proves."""

from typing import Protocol

from contracts.principal import Principal


class TokenRefused(Exception):
    """A token proves nothing. `why` says to its sender why: ASCII without quotes, and no part of the token."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Authenticator(Protocol):
    """Checks tokens of one kind or of several."""

    async def principal(self, token: str) -> Principal:
        """Who is proven by a token of 1 to some thousand printable ASCII characters. Raises TokenRefused; Unavailable
        when it cannot be checked now, and Overloaded.
        """
        ...
