"""What each embedded server tells the stack about itself. kafka.py, postgres.py and redis.py are the three of them."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from infra.devstack.progress import Progress
from infra.devstack.server_user import ServerUser

LOOPBACK = "127.0.0.1"
PROBE_TIMEOUT_SECONDS = 5.0

# All that a server is given of our environment. What else somebody has set for a Java, a PostgreSQL or a broker of
# their own (JAVA_TOOL_OPTIONS, CLASSPATH, PGDATESTYLE, LOG4J_…) would change what ours do, or keep them from starting.
INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TZ", "LD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"),
    *("DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
)


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """How to start a server: its command line, the folder that it runs in, what it reads on stdin, and who runs it.

    A server names everything of its home relative to `folder`: no character of the home's path has to pass through a
    configuration file, a class path or a shell then. `environment` is added to the little that is `INHERITED`; without
    a `user` it is ourselves.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    standard_input: Path = Path(os.devnull)
    user: ServerUser | None = None


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server and of the tools that make its data."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(more)


class EmbeddedServer(Protocol):
    """One server of a home."""

    @property
    def name(self) -> str:
        """Its name in progress, logs and records."""
        ...

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the ports that it needs; the first is the one that clients use."""
        ...

    @property
    def stop_signal(self) -> int:
        """The signal that makes it shut down in order without waiting for its clients."""
        ...

    @property
    def start_timeout_seconds(self) -> float:
        """How long it may take, once prepared, until it answers."""
        ...

    @property
    def passing_start_errors(self) -> tuple[str, ...]:
        """What its log says when it ended at the start for a cause that goes away by itself."""
        ...

    @property
    def address(self) -> str:
        """What clients connect to, with the password if it has one."""
        ...

    @property
    def shown_address(self) -> str:
        """The address as a screen may show it: without the password."""
        ...

    def prepare(self, progress: Progress, cancelled: threading.Event) -> ServerCommand:
        """Makes its data folder and configuration ready and returns how to start it. Blocks: call it in a thread."""
        ...

    async def probe(self) -> None:
        """Returns once it has really answered a question; raises while it does not. Takes some seconds at most."""
        ...
