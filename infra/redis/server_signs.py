"""What the Redis server says of itself that matters to read models: whether it may evict them, and whether it has.

`INFO` tells all of it with one question. Where it is forbidden, or leaves the policy out as some managed servers do,
`CONFIG GET` is asked; where that is forbidden too, nobody knows, and the log says so once.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from redis.exceptions import ResponseError

from infra.redis.connection import faults_sorted
from workers.ports.read_models import EvictionAllowed, ServerSigns

NO_EVICTION = "noeviction"
ONLY_WITH_AN_END = "volatile-"
"""What the policies are called that evict only keys with a time to live."""

log = structlog.get_logger(__name__)
_said: set[str] = set()


async def server_signs(redis: Any) -> ServerSigns | None:
    """The signs; None when the server tells neither its policy nor its evictions. Raises EvictionAllowed, Unavailable.

    A policy is refused also while there is no limit to the memory: the limit may come at any time.
    """
    where = address(redis)
    with faults_sorted():
        found = await _info(redis)
        policy = str(found.get("maxmemory_policy") or "") or await _configured_policy(redis)
    if not policy:
        _say_once(where)
    elif policy != NO_EVICTION and not policy.startswith(ONLY_WITH_AN_END):
        raise EvictionAllowed(f"Redis at {where}", policy)
    if "evicted_keys" not in found:
        return None
    return ServerSigns(str(found.get("run_id", "")), int(found["evicted_keys"]), policy.startswith(ONLY_WITH_AN_END))


async def _info(redis: Any) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = await redis.info()
    except ResponseError as error:
        if not _forbidden(error):
            raise
        return {}
    return found


async def _configured_policy(redis: Any) -> str:
    try:
        found = await redis.config_get("maxmemory-policy")
    except ResponseError as error:
        if not _forbidden(error):
            raise
        return ""
    values = [each.decode() if isinstance(each, bytes) else str(each) for each in found.values()]
    return values[0] if values else ""


def _forbidden(error: ResponseError) -> bool:
    """Whether the server will never answer this: the command is unknown, renamed or not allowed."""
    said = str(error).lower()
    return any(each in said for each in ("unknown command", "no permissions", "noperm", "not allowed", "unsupported"))


def _say_once(where: str) -> None:
    if where not in _said:
        _said.add(where)
        log.warning(
            "the server does not tell its eviction policy",
            server=f"Redis at {where}",
            advice="see that maxmemory-policy is noeviction: what is evicted is missing until it is noticed",
        )


def address(redis: Any) -> str:
    """Where a client connects to, without its secrets."""
    known = redis.connection_pool.connection_kwargs
    if "path" in known:
        return str(known["path"])
    return f"{known.get('host', 'localhost')}:{known.get('port', 6379)}"
