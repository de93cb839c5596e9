"""Tokens for SASL OAUTHBEARER: one cache for all Kafka clients of a process, however many there are."""

from functools import lru_cache

from contracts.client.tokens import TokenProvider, TokenUnavailable
from infra.identity.client_credentials import ClientCredentials, TokenNotIssued
from infra.identity.token_cache import TokenCache
from infra.monotonic_clock import MonotonicClock
from infra.settings import Settings


def token_provider(settings: Settings) -> TokenProvider:
    """Tokens of the endpoint that the settings name."""
    assert settings.kafka_sasl_oauth_token_url, "the settings have looked at it"
    assert settings.kafka_sasl_username, "as above"
    assert settings.kafka_sasl_password, "as above"
    return _provider(
        ClientCredentials(
            settings.kafka_sasl_oauth_token_url,
            settings.kafka_sasl_username,
            settings.kafka_sasl_password,
            settings.kafka_sasl_oauth_scope,
            settings.kafka_sasl_oauth_tls_ca_file,
            "ANNALS_KAFKA_SASL_OAUTH_TLS_CA_FILE",
        )
    )


class _Tokens:
    """A TokenProvider."""

    def __init__(self, credentials: ClientCredentials) -> None:
        self._cache = TokenCache(credentials.fetch, MonotonicClock())

    async def __call__(self) -> str:
        try:
            return await self._cache.token()
        except TokenNotIssued as error:
            raise TokenUnavailable(error.why) from error

    def refused(self, token: str) -> None:
        self._cache.refused(token)


_provider = lru_cache(maxsize=8)(_Tokens)
