"""The interface of an embedded server. kafka.py, postgres.py and redis.py implement it."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from infra.accounts import Account
from infra.devstack.progress import Progress

LOOPBACK = "127.0.0.1"
PROBE_TIMEOUT_SECONDS = 5.0

# The only variables that a server inherits. Others that the user has set for a Java, PostgreSQL or broker of their own
# (JAVA_TOOL_OPTIONS, CLASSPATH, PGDATESTYLE, LOG4J_…) could change our servers or keep them from starting.
INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TZ", "LD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"),
    *("DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
)


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """How to start a server: its command line, the folder that it runs in, and what it reads on stdin.

    Everything in the server's home is named relative to `folder`, so that no character of the home's path passes
    through a configuration file, a class path or a shell. `environment` is added to the `INHERITED` variables.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    standard_input: Path = Path(os.devnull)


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
        """Texts in its log that mark a failed start as temporary."""
        ...

    @property
    def address(self) -> str:
        """What clients connect to, with the login that may do everything if a login is part of the address."""
        ...

    def settings_for(self, account: Account) -> dict[str, str]:
        """The settings with which this account connects, by field: the address, and its login."""
        ...

    @property
    def shown_address(self) -> str:
        """The address as a screen may show it: without the password."""
        ...

    def prepare(self, progress: Progress, cancelled: threading.Event) -> ServerCommand:
        """Prepares its data folder and configuration and returns how to start it. Blocks: call it in a thread."""
        ...

    async def probe(self) -> None:
        """Returns once the server has answered a request; raises while it does not. Takes some seconds at most."""
        ...
