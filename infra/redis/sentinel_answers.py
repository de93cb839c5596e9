"""What a sentinel answers, and why it says nothing of use: each fault with what an operator can do about it."""

import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from redis.exceptions import AuthenticationError, RedisError

from infra.redis.errors import server_said
from infra.server_addresses import is_host

MAX_CHARACTERS = 120
_MAX_ALL_CHARACTERS = 600

FAILOVER = "a failover passes; if it lasts, look at SENTINEL MASTER on each sentinel, and at the servers"
NAME = "set the name of the primary in ANNALS_REDIS_URL right: it is that of `sentinel monitor`"
LOGIN = "set ANNALS_REDIS_SENTINEL_USERNAME and ANNALS_REDIS_SENTINEL_PASSWORD right; unset both if none are needed"
RIGHTS = "grant the sentinels' user +sentinel|get-master-addr-by-name and +sentinel|master"
NO_SENTINEL = "name sentinels in ANNALS_REDIS_URL: of a server itself the URL begins with redis:// or rediss://"
TLS = "set ANNALS_REDIS_TLS_CA_FILE and the rediss+sentinel:// of ANNALS_REDIS_URL right, or the certificates"
AWAY = "see that the sentinels run, and that ANNALS_REDIS_URL names them"
_ADVICES = (NAME, LOGIN, RIGHTS, NO_SENTINEL, TLS, FAILOVER, AWAY)
"""What an operator can do comes before what passes."""


class Address(NamedTuple):
    """Of a server."""

    host: str
    port: int


class View(NamedTuple):
    """What a sentinel says. `epoch`: that of the configuration; a failover makes a higher one."""

    address: Address
    epoch: int
    is_down: bool


class Complaint(NamedTuple):
    """Why a sentinel has said nothing of use."""

    explanation: str
    advice: str


def view_of(address: tuple[Any, Any], state: Mapping[str, Any]) -> View:
    """Of the answers to SENTINEL GET-MASTER-ADDR-BY-NAME and SENTINEL MASTER. Raises for another form."""
    host, port = address
    named = Address(host.decode() if isinstance(host, bytes) else str(host), int(port))
    if not is_host(f"[{named.host}]:{named.port}" if ":" in named.host else f"{named.host}:{named.port}"):
        raise ValueError("no address")
    # In the middle of a failover the state is still that of the former primary.
    is_of_it = (state["ip"], state["port"]) == named
    is_down = is_of_it and bool(state["is_sdown"] or state["is_odown"])
    return View(named, int(state["config-epoch"]), is_down)


def complaint_of_a_view(view: View) -> Complaint:
    """About a primary that is down."""
    return Complaint(f"{view.address.host}:{view.address.port} is down, as a sentinel says", FAILOVER)


def complaint_of_an_error(place: str, error: Exception) -> Complaint:
    """About the sentinel at this place."""
    said = server_said(error)[:MAX_CHARACTERS] or "no answer in time"
    if not isinstance(error, (RedisError, OSError)):  # our own, over an answer of another form
        said, advice = "answers what no sentinel does", NO_SENTINEL
    elif is_of_tls(error):
        advice = TLS
    elif "No such master" in said:
        advice = NAME
    elif "unknown command" in said:
        advice = NO_SENTINEL
    elif isinstance(error, AuthenticationError) or said.startswith(("NOAUTH", "WRONGPASS")):
        advice = LOGIN
    elif "permission" in said:
        advice = RIGHTS
    else:
        advice = AWAY
    return Complaint(f"{place}: {said}", advice)


def summed_up(primary: str, complaints: list[Complaint]) -> Complaint:
    """One complaint of all sentinels, with the advice that helps most."""
    advice = min((complaint.advice for complaint in complaints), key=_ADVICES.index, default=AWAY)
    explanations = "; ".join(sorted({complaint.explanation for complaint in complaints}))
    return Complaint(f"no primary of {primary} is named: {explanations}"[:_MAX_ALL_CHARACTERS], advice)


def is_of_tls(error: BaseException) -> bool:
    """redis-py raises its own error for a handshake that fails."""
    return isinstance(error, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError)
