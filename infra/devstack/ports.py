"""Which ports the embedded servers of a home use: chosen free on the first start, then the same each time.

A remembered port that is in use is replaced by another free one. Ports are drawn from below the kernel's range for
outgoing connections, so no connection gets one by chance while its server is down.
`<home>/ports.json` may be edited by hand between two runs.
"""

import random
import socket
from collections.abc import Collection

from infra.devstack.errors import DevstackError
from infra.home import Home, read_json, write_json

FIRST_PORT = 15_000
LAST_PORT = 31_999
PORT_TRIES = 200
HIGHEST_PORT = 65_535

# Of the system, so processes that seed `random` alike draw other ports all the same.
_chance = random.SystemRandom()


class Ports:
    """The remembered ports of one home."""

    def __init__(self, home: Home) -> None:
        self._path = home.path / "ports.json"
        written = (read_json(self._path) or {}).items()
        # Invalid entries are ignored: the file may be edited by hand.
        self._remembered: dict[str, int] = {name: port for name, port in written if _is_port(port)}

    def claim(self, name: str) -> int:
        """The port remembered under this name when it is free now, else another free one, remembered from now on."""
        port = self._remembered.get(name)
        if port is None or not is_free(port):
            return self.replace(name)
        return port

    def remembered(self, name: str) -> int:
        """The port of this name as it was claimed, free or not. A name that was never claimed is a `KeyError`."""
        return self._remembered[name]

    def replace(self, name: str) -> int:
        """Another free port for this name."""
        port = free_port(avoid=set(self._remembered.values()))
        self._remembered[name] = port
        write_json(self._path, dict(self._remembered))
        return port


def _is_port(written: object) -> bool:
    return isinstance(written, int) and 0 < written <= HIGHEST_PORT


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do, so that connections of an earlier run in TIME_WAIT do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(avoid: Collection[int] = ()) -> int:
    """A port of 127.0.0.1 that a server could listen on now. Raises DevstackError when there seems to be none."""
    for _ in range(PORT_TRIES):
        port = _chance.randint(FIRST_PORT, LAST_PORT)
        if port not in avoid and is_free(port):
            return port
    raise DevstackError(f"No free port found between {FIRST_PORT} and {LAST_PORT} on 127.0.0.1 in {PORT_TRIES} tries.")
