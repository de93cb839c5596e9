"""Refuses what the web pages of other sites have a browser send: a page that its user visits must not act on a gateway
that only the user's machine can reach, nor read from it.

- Host must be one of ours (hosts.py), or the answer is 421.
- A request that may change something must not come from another origin: a browser says so in Sec-Fetch-Site, an older
  one in Origin. Other clients send neither, and pass.
- Another site may lead its visitor here by a link, and no more: it cannot fetch, frame or embed an answer. There are no
  CORS headers, so no browser would show it one; but it could see how long an answer takes and how large it is.

Probes (health, readiness, metrics) may name any address as Host: an orchestrator names that of the pod, which nobody
can list before. They tell numbers and nothing about a person, and a page cannot rebind an address.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from workers.gateway.health import PROBES
from workers.gateway.hosts import AllowedHosts, is_address, name_in
from workers.gateway.problems import Problem
from workers.gateway.safe_methods import SAFE

# https://www.w3.org/TR/fetch-metadata: our own page, or no page at all (an address that was typed).
_OWN_SITE = frozenset({b"same-origin", b"none"})
_BY_A_LINK = {b"sec-fetch-mode": b"navigate", b"sec-fetch-dest": b"document"}
_OF_INTEREST = frozenset({b"host", b"origin", b"sec-fetch-site", *_BY_A_LINK})


class SiteGuard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem_of(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await problem.response()(scope, receive, send)

    def _problem_of(self, scope: Scope) -> Problem | None:
        given: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in _OF_INTEREST:
                if name in given:
                    return Problem(400, "HeaderRepeated", f"The header {name.decode().title()} comes more than once.")
                given[name] = value
        host = given.get(b"host", b"").decode("latin-1")
        if not _is_probe(scope, host):
            if not host:
                return Problem(400, "HostMissing", "A request must name its host in the header Host.")
            if not self._hosts.admits(host):
                return _unknown_host()
        is_safe = scope["method"] in SAFE
        if _is_of_another_site(given, is_safe=is_safe) or (not is_safe and not self._is_own_origin(given, host)):
            return _other_site()
        return None

    def _is_own_origin(self, given: dict[bytes, bytes], host: str) -> bool:
        origin = given.get(b"origin")
        return origin is None or self._hosts.admits_origin(origin.decode("latin-1"), host)


def _is_of_another_site(given: dict[bytes, bytes], *, is_safe: bool) -> bool:
    site = given.get(b"sec-fetch-site")
    if site is None or site in _OWN_SITE:
        return False
    return not (is_safe and all(given.get(name) == value for name, value in _BY_A_LINK.items()))


def _is_probe(scope: Scope, host: str) -> bool:
    """Whether this is a probe by an address, or without a Host, as programs of HTTP/1.0 ask."""
    if scope["path"] not in PROBES or scope["method"] not in SAFE:
        return False
    name = name_in(host)
    return not host or (name is not None and is_address(name))


def _unknown_host() -> Problem:
    detail = (
        "The gateway does not answer under the name that the header Host gives. If it is a name of this gateway, add "
        "it to ANNALS_HTTP_ALLOWED_HOSTS."
    )
    return Problem(421, "HostNotAllowed", detail)


def _other_site() -> Problem:
    detail = "A page of another site has sent this request. Only pages of the gateway's own hosts may."
    return Problem(403, "CrossSiteRequest", detail)
