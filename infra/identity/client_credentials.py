"""Access tokens for a service of its own name, by the grant of client credentials (RFC 6749, section 4.4).

Written on httpx, as a library for it would still leave the bounds, the deadline and the texts of errors to us.
"""

import asyncio
import math
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

from pydantic import SecretStr

from infra.identity.json_requests import FAULTS, AnswerUnusable, JsonRequests, fault_text, json_in

DEADLINE_SECONDS = 5.0
OK = 200
UNSTATED_LIFETIME_SECONDS = 60.0
"""Of a token whose issuer does not say how long it is valid."""
MAX_LIFETIME_SECONDS = 86_400.0
# RFC 6749, section 5.2. Only these are quoted of an answer.
_ERRORS = {
    "invalid_client": "set the client's id and secret right",
    "invalid_grant": "allow the client the grant of client credentials",
    "unauthorized_client": "allow the client the grant of client credentials",
    "unsupported_grant_type": "name an endpoint that knows the grant of client credentials",
    "invalid_scope": "set the scope right",
    "invalid_request": "see what it logs",
}


class TokenNotIssued(Exception):
    """There is no token now. `why` quotes no secret, and nothing unforeseen of an answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, valid for so long from when it was asked for."""

    value: str = field(repr=False)
    lifetime_seconds: float


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Who asks which endpoint for which scope (None: the client's usual one). Equal ones get equal tokens.

    `ca_setting` names the setting of `ca_file`, for whoever has to correct it.
    """

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str | None
    ca_file: Path | None
    ca_setting: str
    deadline_seconds: float = DEADLINE_SECONDS

    async def fetch(self) -> AccessToken:
        """A new token, within the deadline. Raises TokenNotIssued."""
        requests = JsonRequests(self.ca_file, self.ca_setting, timeout_seconds=self.deadline_seconds)
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        # RFC 6749, section 2.3.1: both are encoded, so that no character of them ends the name.
        login = quote_plus(self.client_id), quote_plus(self.client_secret.get_secret_value())
        try:
            async with asyncio.timeout(self.deadline_seconds):
                status, content = await requests.content("POST", self.token_url, form=form, login=login)
                return _token_in(json_in(content)) if status == OK else _refused(status, content)
        except AnswerUnusable as error:
            raise self._none(error.why) from error
        except TimeoutError as error:
            raise self._none(f"no answer within {self.deadline_seconds:g} s") from error
        except FAULTS as error:
            raise self._none(f"it cannot be reached: {fault_text(error)}") from error
        finally:
            await requests.aclose()

    def _none(self, why: str) -> TokenNotIssued:
        return TokenNotIssued(f"{self.token_url.partition('?')[0]}: {why}")


def _refused(status: int, content: bytes) -> AccessToken:
    try:
        document = json_in(content)
    except AnswerUnusable:
        document = None
    code = document.get("error") if isinstance(document, dict) else None
    if isinstance(code, str) and code in _ERRORS:
        raise AnswerUnusable(f"it refuses: {code}; {_ERRORS[code]}")
    raise AnswerUnusable(f"it answers with status {status}")


def _token_in(document: object) -> AccessToken:
    value = document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(value, str) or not value:
        raise AnswerUnusable("its answer has no access_token")
    kind = document.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise AnswerUnusable("its token is no bearer token")
    return AccessToken(value, _lifetime(document.get("expires_in", UNSTATED_LIFETIME_SECONDS)))


def _lifetime(stated: object) -> float:
    """A number of seconds; some issuers write it as text."""
    if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) <= len("9999999999"):
        stated = int(stated)
    if isinstance(stated, bool) or not isinstance(stated, int | float) or not math.isfinite(stated) or stated <= 0:
        raise AnswerUnusable("its expires_in is no number of seconds")
    return min(float(stated), MAX_LIFETIME_SECONDS)
