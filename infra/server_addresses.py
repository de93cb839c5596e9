"""The form of the addresses of Kafka, PostgreSQL and Redis: a wrong one is told at once and without its password."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from infra.redis_sentinels import names_sentinels, parsed, uses_tls

VERIFYING = frozenset({"require", "verify-ca", "verify-full"})
"""The values of sslmode by which a CA is looked at."""


def url_of_form(value: SecretStr | None, schemes: tuple[str, ...], form: str) -> SecretStr | None:
    """The URL. It is checked here, because a driver's error message would quote parts of it, perhaps of the password.

    Raises ValueError.
    """
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        hosts = parts.netloc.rpartition("@")[2]
        usable = parts.scheme in schemes and (not hosts or all(is_host(host) for host in hosts.split(",")))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(_must_have(form))
    return value


def _must_have(form: str) -> str:
    return f"must have the form {form}; in a password, :/?#[]@% are written as %3A and so on"


def check_database_tls(url: SecretStr | None, certificates: Sequence[str]) -> None:
    """Raises ValueError for certificates that would not be used; those of settings are named by `certificates`."""
    given = _parameters(url)
    tls = sorted(name for name in given if name.startswith("ssl"))
    if certificates and tls:
        raise ValueError(f"{certificates[0]} is set, and ANNALS_DATABASE_URL has {tls[0]}: set one of the two")
    # As libpq, asyncpg does not look at the CA otherwise.
    if "sslrootcert" in given and given.get("sslmode", [""])[-1] not in VERIFYING:
        raise ValueError("ANNALS_DATABASE_URL has sslrootcert, and no sslmode that uses it: set sslmode=verify-full")


def check_redis_tls(url: SecretStr | None, certificates: Sequence[str]) -> None:
    """The same for Redis."""
    if not certificates:
        return
    if url is None or not uses_tls(url.get_secret_value()):
        raise ValueError(
            f"{certificates[0]} is set, and ANNALS_REDIS_URL uses no TLS: "
            "set one that begins with rediss:// or rediss+sentinel://"
        )
    if tls := sorted(name for name in _parameters(url) if name.startswith("ssl_")):
        raise ValueError(f"{certificates[0]} is set, and ANNALS_REDIS_URL has {tls[0]}: set one of the two")


def redis_url_of_form(value: SecretStr | None) -> SecretStr | None:
    """The URL of Redis, or of its sentinels. Raises ValueError."""
    if value is None or not names_sentinels(value.get_secret_value()):
        return url_of_form(value, ("redis", "rediss", "unix"), "redis://user:password@host:6379/0")
    form = "redis+sentinel://user:password@sentinel1:26379,sentinel2:26379/name-of-the-primary/0"
    try:
        url = parsed(value.get_secret_value())
    except ValueError as error:
        raise ValueError(f"{error}; it {_must_have(form)}") from None
    if not all(is_host(f"[{host}]:{port}" if ":" in host else f"{host}:{port}") for host, port in url.sentinels):
        raise ValueError(_must_have(form))
    return value


def check_sentinel_login(url: SecretStr | None, username: str | None, password: SecretStr | None) -> None:
    """Raises ValueError for a login that no sentinel would be shown."""
    if username and not password:
        raise ValueError("ANNALS_REDIS_SENTINEL_USERNAME asks for ANNALS_REDIS_SENTINEL_PASSWORD: set it too")
    if password and (url is None or not names_sentinels(url.get_secret_value())):
        raise ValueError(
            "ANNALS_REDIS_SENTINEL_PASSWORD is set, and ANNALS_REDIS_URL names no sentinels: set one that begins with "
            "redis+sentinel:// or rediss+sentinel://"
        )


def _parameters(url: SecretStr | None) -> dict[str, list[str]]:
    if url is None:
        return {}
    query = url.get_secret_value().partition("?")[2].partition("#")[0]
    return parse_qs(query, keep_blank_values=True)


def is_host(place: str) -> bool:
    """Whether this is `host`, `host:port` or `[host]:port` in a form that every driver accepts."""
    bare = ":" not in place or place.endswith("]")
    host, port = (place, "0") if bare else (place.rpartition(":")[0], place.rpartition(":")[2])
    try:
        host.encode("idna")  # as sockets do: no label of a name is empty or longer than 63 bytes
    except UnicodeError:
        return False
    named = bool(host) and not set(host) & set("/@ \t\r\n\0")
    return named and port.isascii() and port.isdigit() and int(port) < 65_536
