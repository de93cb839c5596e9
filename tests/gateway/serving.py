"""Gateways that serve one system in memory after another: to make one takes 75 ms, to answer a request 1."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI

from tests.gateway.in_memory import SystemInMemory, backend_of
from workers.gateway.app import create_app
from workers.gateway.backend import Backend
from workers.gateway.hosts import ANY_HOST, AllowedHosts
from workers.ports.identity import Authenticator


class AsOf:
    """Has what the object of the moment has."""

    def __init__(self, current: Callable[[], object]) -> None:
        self._current = current

    def __getattr__(self, name: str) -> Any:
        return getattr(self._current(), name)


@dataclass
class Gateway:
    """An application whose routes and middleware ask the backend and the authenticator that it has at that moment."""

    hosts: AllowedHosts
    backend: Backend
    authenticator: Authenticator | None
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        parts = SimpleNamespace(**{part.name: AsOf(self._current(part.name)) for part in fields(Backend)})
        knows = None if self.authenticator is None else cast("Authenticator", AsOf(lambda: self.authenticator))
        self.app = create_app(cast("Backend", parts), hosts=self.hosts, authenticator=knows)

    def _current(self, part: str) -> Callable[[], object]:
        return lambda: getattr(self.backend, part)


_idle: defaultdict[tuple[AllowedHosts, bool], list[Gateway]] = defaultdict(list)


@contextmanager
def serving(
    system: SystemInMemory, hosts: AllowedHosts = ANY_HOST, *, authenticator: Authenticator | None = None
) -> Iterator[FastAPI]:
    """A gateway on this system, for the time of the block. Several at a time are as separate as several processes."""
    idle = _idle[hosts, authenticator is not None]
    backend = backend_of(system, rules=authenticator is not None)
    gateway = idle.pop() if idle else Gateway(hosts, backend, authenticator)
    gateway.backend, gateway.authenticator = backend, authenticator
    try:
        yield gateway.app
    finally:
        idle.append(gateway)


@asynccontextmanager
async def client_of(
    system: SystemInMemory,
    hosts: AllowedHosts = ANY_HOST,
    *,
    authenticator: Authenticator | None = None,
    base_url: str = "http://gateway",
) -> AsyncIterator[httpx.AsyncClient]:
    """A client that speaks without a network to a gateway on this system."""
    with serving(system, hosts, authenticator=authenticator) as app:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url) as client:
            yield client
