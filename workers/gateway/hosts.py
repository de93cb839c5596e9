"""The names by which the gateway may be called: a request's Host, and the host of its Origin.

A web page of any site can have its own name resolve to the gateway's address (DNS rebinding); its browser then takes
the gateway for that site and lets the page read every answer. The page cannot change the name that the browser sends.
So a name that is not listed is refused. An address in digits is resolved by nobody, so a page cannot rebind it.
"""

import ipaddress
import re
from typing import NamedTuple, Self

ANYTHING = "*"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"https?://([^/]+)")


class WrongHost(ValueError):
    """An entry of a list of hosts that is no host."""

    def __init__(self, entry: str) -> None:
        super().__init__(
            f"{entry!r} is no host: give names or addresses with commas, such as api.example.org,[::1]:8080"
        )
        self.entry = entry


class AllowedHosts(NamedTuple):
    """The hosts that are answered. `entries` have the form `name` (at any port) or `name:port`, in lower case.

    `any_address`: every IP address in digits is answered too. `anything`: every host is.
    """

    entries: frozenset[str]
    any_address: bool = False
    anything: bool = False

    @classmethod
    def listed(cls, text: str) -> Self:
        """From a list with commas; `*` alone stands for every host. Raises WrongHost."""
        entries = [entry.strip().lower() for entry in text.split(",")]
        if entries == [ANYTHING]:
            return cls(frozenset(), anything=True)
        wrong = next((entry for entry in entries if not _HOST.fullmatch(entry)), None)
        if wrong is not None:
            raise WrongHost(wrong)
        return cls(frozenset(entries))

    @classmethod
    def default_of(cls, listening_host: str) -> Self:
        """Without a list: the names of loopback, and the address on which the gateway listens. Where that is every
        address of the machine, any address in digits; no name but localhost, as nobody has said which are ours.
        """
        try:
            address = ipaddress.ip_address(listening_host)
        except ValueError:
            return cls(frozenset((*LOOPBACK_NAMES, listening_host.lower())))
        own = f"[{address}]" if address.version == 6 else str(address)
        return cls(frozenset((*LOOPBACK_NAMES, own)), any_address=address.is_unspecified)

    def admits(self, host: str) -> bool:
        """Whether a Host (`name` or `name:port`) is answered."""
        parts = _HOST.fullmatch(host.lower())
        if parts is None:
            return False
        name, port = parts.groups()
        if self.anything or name in self.entries or (port is not None and f"{name}:{port}" in self.entries):
            return True
        return self.any_address and is_address(name)

    def admits_origin(self, origin: str, host: str) -> bool:
        """Whether an Origin (`https://name:port`) is ours, for a request with this Host. `null` never is. Where every
        host is answered, the Origin must be that of the request.
        """
        parts = _ORIGIN.fullmatch(origin.lower())
        if parts is None:
            return False
        return parts[1] == host.lower() if self.anything else self.admits(parts[1])


def is_address(host: str) -> bool:
    """Whether a Host without its port is an IP address in digits."""
    try:
        ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def name_in(host: str) -> str | None:
    """The name or address in a Host, without the port; None if it has no such form."""
    parts = _HOST.fullmatch(host.lower())
    return parts[1] if parts else None


LOOPBACK_HOSTS = AllowedHosts(frozenset(LOOPBACK_NAMES))
ANY_HOST = AllowedHosts(frozenset(), anything=True)
