"""Asks the gateway whether it is ready, over plain HTTP and without any configured proxy."""

import asyncio
import urllib.request
from http.client import HTTPException

REQUEST_TIMEOUT_SECONDS = 3.0
POLL_INTERVAL_SECONDS = 0.2


async def until_ready(gateway_url: str) -> None:
    """Returns when `/readyz` has answered 200. Has no deadline of its own: the caller gives one."""
    while not await asyncio.to_thread(_is_ready, f"{gateway_url}/readyz"):  # noqa: ASYNC110 - another process changes
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=REQUEST_TIMEOUT_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, HTTPException):  # not listening, connection closed, or no HTTP
        return False
