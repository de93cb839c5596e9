"""Fetches the keys of an issuer over HTTP: within a deadline, up to a size, and from where the settings say.

No redirect is followed, no address comes from a token, and no proxy settings or .netrc of the environment count.
"""

import asyncio
import ssl
from pathlib import Path

import httpx
import orjson

from infra.identity.addresses import discovery_address, is_trusted_address
from infra.identity.issuer_keys import IssuerKey, KeysUnusable, issuer_keys

DEADLINE_SECONDS = 5.0
MAX_ANSWER_BYTES = 262_144


class IssuerClient:
    """`fetch` for KeySet. `jwks_url` is None for the one that the issuer itself names."""

    def __init__(
        self,
        issuer: str,
        jwks_url: str | None = None,
        *,
        ca_file: Path | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._ca_file = ca_file
        self._deadline_seconds = deadline_seconds
        self._client: httpx.AsyncClient | None = None

    async def fetch(self) -> list[IssuerKey]:
        """The keys as they are now. Raises KeysUnusable."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                address = self._jwks_url or await self._discovered()
                return issuer_keys(await self._json(address))
        except TimeoutError as error:
            raise KeysUnusable(f"no answer within {self._deadline_seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise KeysUnusable(f"it cannot be reached: {type(error).__name__}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _http(self) -> httpx.AsyncClient:
        """The client, made when it is first needed: a file of certificates may come later."""
        if self._client is None:
            try:
                certificates = ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))
            except OSError as error:
                raise KeysUnusable(
                    f"the certificates of ANNALS_AUTH_TLS_CA_FILE cannot be read: {error.strerror}"
                ) from error
            self._client = httpx.AsyncClient(
                verify=certificates,
                follow_redirects=False,
                trust_env=False,
                timeout=self._deadline_seconds,
                limits=httpx.Limits(max_connections=2, max_keepalive_connections=0),
                headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "annals"},
            )
        return self._client

    async def _discovered(self) -> str:
        document = await self._json(discovery_address(self._issuer))
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise KeysUnusable("its description is that of another issuer than ANNALS_AUTH_ISSUER says")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_trusted_address(address, may_have_query=True):
            raise KeysUnusable("its description names no address for its keys that could be trusted")
        return address

    async def _json(self, address: str) -> object:
        async with self._http().stream("GET", address) as response:
            if response.status_code != httpx.codes.OK:
                raise KeysUnusable(f"it answers with status {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise KeysUnusable("its answer is compressed, which was not asked for")
            content = bytearray()
            async for part in response.aiter_raw():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise KeysUnusable(f"its answer has more than {MAX_ANSWER_BYTES} bytes")
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise KeysUnusable("its answer is no JSON") from error
