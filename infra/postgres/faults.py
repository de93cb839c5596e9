"""Sorts the failures of Postgres by what to do next.

An exception of the driver becomes `Unavailable` (try again later; with advice when an operator must act),
`SchemaMissing` (the same, when a migration is missing) or `Unstorable`. Other exceptions pass through: conflicts, which
the caller handles, and bugs.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import asyncpg

from infra.postgres.sqlstates import CONFIGURATION, GRANTS, PRIMARY, Next, step_after
from workers.ports.event_store import Unstorable
from workers.ports.lanes import Unavailable

REACH = "see that the server runs and that ANNALS_DATABASE_URL leads to it, and the files that it names are there"
URL = "set ANNALS_DATABASE_URL right: take out what the server, or asyncpg, does not know"
UNUSABLE = "ANNALS_DATABASE_URL cannot be used"
TLS = (
    "set the certificates right (ANNALS_DATABASE_TLS_…, or sslmode and sslrootcert in ANNALS_DATABASE_URL), or the "
    "server's"
)
NO_TLS = "turn ssl on in the server, or name one that has TLS in ANNALS_DATABASE_URL"
VACUUM = "vacuum the database as its hint says"

# asyncpg has one class for a connection that is gone and for the wrong use of a connection.
# A pool takes back a connection that has died at once, also while it is in use.
_GONE = ("closed", "closing", "cancelling", "released back to the pool")
_NO_TLS = "rejected SSL upgrade"
# Of class 54, a program's limits, but nothing about the value: transaction ids are used up, the database only reads.
_WRAPAROUND = "database is not accepting commands"
_UNKNOWN_PARAMETER = "42704"


class SchemaMissing(Unavailable):
    """Postgres has no schema of Annals, or not this version's, or its roles are not granted."""


class RoleNotGranted(SchemaMissing):
    """The login of ANNALS_DATABASE_URL lacks a right that the process needs."""


class SchemaTooOld(SchemaMissing):
    """The schema was made by an earlier version of Annals, and no migration leads from it to this version's."""


@contextmanager
def faults_sorted(place: str = "") -> Iterator[None]:
    """Turn the driver's exceptions into those of the ports. `place` is where the server is, for people."""
    try:
        yield
    except Exception as error:
        fault = sorted_fault(error, place)
        if fault is None:
            raise
        raise fault from error


@contextmanager
def connecting(place: str) -> Iterator[None]:
    """The same while connecting: then the fault is in the settings of the session, not in a value.

    A role that does not exist is an invalid value of a setting (22023). All other settings are in the URL, and so is
    what the driver cannot read: an option of libpq that asyncpg passes on (`connect_timeout`), a malformed host.
    """
    try:
        with faults_sorted(place):
            yield
    except Unstorable as error:
        # Its text shows characters of the URL, a password's among them. From 3.13 on, Python says so of a host's name.
        if isinstance(error.__cause__, UnicodeError):
            raise Unavailable("Postgres", UNUSABLE, URL) from error
        advice = GRANTS if error.explanation.startswith("role ") else URL
        raise SchemaMissing("Postgres", f"{error.explanation} ({place})", advice) from error
    except SchemaMissing as error:
        if getattr(error.__cause__, "sqlstate", None) != _UNKNOWN_PARAMETER:
            raise
        raise Unavailable("Postgres", error.explanation, URL) from error
    except (ValueError, OverflowError) as error:  # their texts may quote the URL
        raise Unavailable("Postgres", UNUSABLE, URL) from error


def asks_for_new_connections(error: BaseException) -> bool:
    """Whether all connections are useless, because their server is not the right one any more."""
    stale = isinstance(error, asyncpg.InvalidCachedStatementError)  # planned for an earlier schema
    return stale or (isinstance(error, asyncpg.PostgresError) and step_after(error.sqlstate)[0] is Next.RECONNECT)


def place_of(url: str) -> str:
    """Where a URL leads, for people: `host:port/database`; never user, password or a part of them."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "ANNALS_DATABASE_URL"
    if "@" in f"{parts.path}{parts.query}{parts.fragment}" or not parts.netloc:
        return "ANNALS_DATABASE_URL"
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def first_line(error: BaseException) -> str:
    """The beginning of an error's text: what follows may quote a query's values."""
    return (str(error).splitlines() or [type(error).__name__])[0][:300] or type(error).__name__


def sorted_fault(error: Exception, place: str = "") -> Unavailable | Unstorable | None:
    """What an exception means for the ports; None: it is a conflict or a bug."""
    where = f" ({place})" if place else ""
    match error:
        case ssl.SSLError():
            return Unavailable("Postgres", first_line(error) + where, TLS)
        case ConnectionError() if _NO_TLS in str(error):
            return Unavailable("Postgres", first_line(error) + where, NO_TLS)
        case OSError():  # TimeoutError is one
            return Unavailable("Postgres", first_line(error) + where, REACH)
        case UnicodeEncodeError():
            return Unstorable(first_line(error))
        case asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return _from_client(error, where)
        case asyncpg.PostgresError():
            return _from_server(error, where)
    return None


def _from_client(error: Exception, where: str) -> Unavailable | None:
    """What an error of asyncpg itself means for the ports; None: it was used wrongly."""
    explanation = first_line(error) + where
    match error:
        case asyncpg.ClientConfigurationError():
            # Its text may quote the URL, and with it the password.
            return Unavailable("Postgres", UNUSABLE, URL)
        case asyncpg.UnsupportedClientFeatureError() | asyncpg.UnsupportedServerFeatureError():
            return Unavailable("Postgres", explanation, CONFIGURATION)
        case asyncpg.TargetServerAttributeNotMatched():
            return Unavailable("Postgres", explanation, PRIMARY)
        case asyncpg.InternalClientError():
            # A session that was ended while its connection was idle in the pool fails only with the next query.
            return Unavailable("Postgres", explanation)
        case _ if any(word in str(error) for word in _GONE):
            return Unavailable("Postgres", explanation)
    return None


def _from_server(error: asyncpg.PostgresError, where: str) -> Unavailable | Unstorable | None:
    """What a server's answer means for the ports; None: a conflict or a bug."""
    explanation = first_line(error) + where
    if isinstance(error, asyncpg.InvalidCachedStatementError):  # the schema was changed beneath us
        return Unavailable("Postgres", explanation)
    step, advice = step_after(error.sqlstate)
    match step:
        case Next.UNSTORABLE if _WRAPAROUND in str(error):
            return Unavailable("Postgres", explanation, VACUUM)
        case Next.UNSTORABLE:
            return Unstorable(first_line(error))
        case Next.MIGRATE if isinstance(error, asyncpg.InsufficientPrivilegeError):
            return RoleNotGranted("Postgres", explanation, advice)
        case Next.MIGRATE:
            return SchemaMissing("Postgres", explanation, advice)
        case Next.WAIT | Next.RECONNECT | Next.OPERATOR:
            return Unavailable("Postgres", explanation, advice)
    return None
