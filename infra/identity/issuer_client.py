"""Fetches the keys of an issuer over HTTP: within a deadline, and from where the settings say. No address comes from a
token.
"""

import asyncio
from pathlib import Path

from infra.identity.addresses import discovery_address, is_trusted_address
from infra.identity.issuer_keys import IssuerKey, KeysUnusable, issuer_keys
from infra.identity.json_requests import FAULTS, AnswerUnusable, JsonRequests, fault_text, json_in

DEADLINE_SECONDS = 5.0
OK = 200


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
        self._requests = JsonRequests(ca_file, "ANNALS_AUTH_TLS_CA_FILE", timeout_seconds=deadline_seconds)
        self._deadline_seconds = deadline_seconds

    async def fetch(self) -> list[IssuerKey]:
        """The keys as they are now. Raises KeysUnusable."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                address = self._jwks_url or await self._discovered()
                return issuer_keys(await self._json(address))
        except TimeoutError as error:
            raise KeysUnusable(f"no answer within {self._deadline_seconds:g} s") from error
        except AnswerUnusable as error:
            raise KeysUnusable(error.why) from error
        except FAULTS as error:
            raise KeysUnusable(f"it cannot be reached: {fault_text(error)}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._requests.aclose()

    async def _discovered(self) -> str:
        document = await self._json(discovery_address(self._issuer))
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise KeysUnusable("its description is that of another issuer than ANNALS_AUTH_ISSUER says")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_trusted_address(address, may_have_query=True):
            raise KeysUnusable("its description names no address for its keys that could be trusted")
        return address

    async def _json(self, address: str) -> object:
        status, content = await self._requests.content("GET", address)
        if status != OK:
            raise KeysUnusable(f"it answers with status {status}")
        return json_in(content)
