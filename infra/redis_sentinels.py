"""The form of an ANNALS_REDIS_URL that names sentinels: `redis+sentinel://user:password@one:26379,two:26379/name/0`.

User and password are for the servers, which may take turns as the primary; the sentinels have a login of their own in
the settings. `rediss+sentinel://` is TLS to both. Redis has no official form: this is the one that most Python programs
take. `urlsplit` is not used, as some versions of Python refuse several addresses of IPv6 with commas.
"""

import re
from typing import NamedTuple

PLAIN_SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
"""The schemes that name sentinels, and those of a URL for one of their servers."""
SENTINEL_PORT = 26379
MAX_SENTINELS = 15
MAX_PORT_DIGITS = 5
# Sentinels accept no other names.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_HOST_END = frozenset("/?#")


class SentinelUrl(NamedTuple):
    """`sentinels` are hosts and ports; `primary` is the name by which they know the primary (`sentinel monitor`).
    `server_url` is the URL of one server, without a host: it has the user, the password, the database and the options.
    """

    sentinels: tuple[tuple[str, int], ...]
    primary: str
    server_url: str


def names_sentinels(url: str) -> bool:
    """Whether the scheme is that of sentinels."""
    return _scheme_of(url) in PLAIN_SCHEMES


def uses_tls(url: str) -> bool:
    """Whether the scheme of a Redis URL means TLS."""
    return _scheme_of(url).startswith("rediss")


def parsed(url: str) -> SentinelUrl:
    """The parts of a URL that names sentinels. Raises ValueError, which quotes nothing of it."""
    rest = url.partition("://")[2]
    authority_end = next((place for place, letter in enumerate(rest) if letter in _HOST_END), len(rest))
    login, at, hosts = rest[:authority_end].rpartition("@")
    path, question, query = rest[authority_end:].partition("?")
    name, _, database = path.removeprefix("/").partition("/")
    if not _NAME.fullmatch(name):
        raise ValueError("the name of the primary is missing, or has other characters than letters, digits, . - and _")
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError("the database must be a number")
    if "#" in path + query:
        raise ValueError("there is a # in it")
    sentinels = tuple(_sentinel(host) for host in hosts.split(","))
    if len(sentinels) > MAX_SENTINELS:
        raise ValueError(f"it names more than {MAX_SENTINELS} sentinels")
    server_url = f"{PLAIN_SCHEMES[_scheme_of(url)]}://{login}{at}/{database or 0}{question}{query}"
    return SentinelUrl(tuple(dict.fromkeys(sentinels)), name, server_url)


def _scheme_of(url: str) -> str:
    return url.partition("://")[0].lower()


def _sentinel(place: str) -> tuple[str, int]:
    """Host and port of `host`, `host:port` or `[host]:port`, whose form is checked elsewhere (`is_host`)."""
    bare = ":" not in place or place.endswith("]")
    host, port = (place, str(SENTINEL_PORT)) if bare else (place.rpartition(":")[0], place.rpartition(":")[2])
    if not (port.isascii() and port.isdigit() and len(port) <= MAX_PORT_DIGITS):  # int() would quote it
        raise ValueError("the port of a sentinel must be a number")
    return host.removeprefix("[").removesuffix("]"), int(port)
