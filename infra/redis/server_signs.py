"""What the Redis server says of itself that matters to read models: whether it may evict them, and whether it has.

`INFO` tells all of it with one question. Where it is forbidden, or leaves the policy out as some managed servers do,
`CONFIG GET` is asked. Where that is forbidden too, the policy is unknown, and the log says so once.
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
        info = await _info(redis)
        policy = str(info.get("maxmemory_policy") or "") or await _configured_policy(redis)
    if not policy:
        _say_once(where)
    elif policy != NO_EVICTION and not policy.startswith(ONLY_WITH_AN_END):
        raise EvictionAllowed(f"Redis at {where}", policy)
    if "evicted_keys" not in info:
        return None
    return ServerSigns(str(info.get("run_id", "")), int(info["evicted_keys"]), policy.startswith(ONLY_WITH_AN_END))


async def _info(redis: Any) -> Mapping[str, Any]:
    try:
        info: Mapping[str, Any] = await redis.info()
    except ResponseError as error:
        if not _forbidden(error):
            raise
        return {}
    return info


async def _configured_policy(redis: Any) -> str:
    try:
        settings = await redis.config_get("maxmemory-policy")
    except ResponseError as error:
        if not _forbidden(error):
            raise
        return ""
    values = [value.decode() if isinstance(value, bytes) else str(value) for value in settings.values()]
    return values[0] if values else ""


def _forbidden(error: ResponseError) -> bool:
    """Whether the server will never answer this: the command is unknown, renamed or not allowed."""
    said = str(error).lower()
    return any(words in said for words in ("unknown command", "no permissions", "noperm", "not allowed", "unsupported"))


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
    if (sentinels := getattr(redis, "sentinels", None)) is not None:
        return str(sentinels)
    options = redis.connection_pool.connection_kwargs
    if "path" in options:
        return str(options["path"])
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
