"""Requests to an issuer over HTTP: answers up to a size, and from where the settings say.

No redirect is followed, and no proxy settings or .netrc of the environment count. Deadlines are the callers'.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx
import orjson

MAX_ANSWER_BYTES = 262_144
MAX_FAULT_CHARACTERS = 200
FAULTS = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""What a request may raise when the issuer cannot be reached."""


class AnswerUnusable(Exception):
    """An issuer's answer is nothing that can be used. `why` quotes nothing of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class JsonRequests:
    """One client of HTTP. `ca_setting` names the setting of `ca_file`, for whoever has to correct it."""

    def __init__(self, ca_file: Path | None, ca_setting: str, *, timeout_seconds: float) -> None:
        self._ca_file = ca_file
        self._ca_setting = ca_setting
        self._timeout_seconds = timeout_seconds
        self._client: httpx.AsyncClient | None = None

    async def content(
        self,
        method: str,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        login: tuple[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """The status and the content of an answer; `login` is user and password. Raises AnswerUnusable or FAULTS."""
        auth = None if login is None else httpx.BasicAuth(*login)
        async with self._http().stream(method, address, data=form, auth=auth) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise AnswerUnusable("its answer is compressed, which was not asked for")
            content = bytearray()
            async for part in response.aiter_raw():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise AnswerUnusable(f"its answer has more than {MAX_ANSWER_BYTES} bytes")
            return response.status_code, bytes(content)

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
                raise AnswerUnusable(
                    f"the certificates of {self._ca_setting} cannot be read: {error.strerror}"
                ) from error
            self._client = httpx.AsyncClient(
                verify=certificates,
                follow_redirects=False,
                trust_env=False,
                timeout=self._timeout_seconds,
                limits=httpx.Limits(max_connections=2, max_keepalive_connections=0),
                headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "annals"},
            )
        return self._client


def fault_text(error: Exception) -> str:
    """Why an issuer cannot be reached: one of FAULTS. What a failed connection says names no address and no secret."""
    said = str(error)[:MAX_FAULT_CHARACTERS] if isinstance(error, httpx.ConnectError) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def json_in(content: bytes) -> object:
    """The document. Raises AnswerUnusable."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise AnswerUnusable("its answer is no JSON") from error
