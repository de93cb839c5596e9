"""Two kinds of token: keys of services, which begin with `annals_`, and JWTs, which never do."""

from contracts.principal import Principal
from workers.gateway.api_keys import PREFIX
from workers.ports.identity import Authenticator


class KeysAndTokens:
    """`Authenticator` that gives each token to the one that knows its kind."""

    def __init__(self, api_keys: Authenticator, tokens: Authenticator) -> None:
        self._api_keys = api_keys
        self._tokens = tokens

    async def principal(self, token: str) -> Principal:
        return await (self._api_keys if token.startswith(PREFIX) else self._tokens).principal(token)
