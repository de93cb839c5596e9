"""The worker roles by name, and what each of them runs in a process."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from infra.processes.command import command_hosts
from infra.processes.projection import projection_hosts
from infra.processes.saga import saga_hosts
from infra.settings import Settings
from workers.ports.lanes import Unavailable


class Host(Protocol):
    """What runs a role's work: a `LaneHost`, or an object with the same four members."""

    @property
    def ready(self) -> bool: ...

    @property
    def alive(self) -> bool: ...

    def stop(self) -> None:
        """Asks `run` to return when its work is in good order."""
        ...

    async def run(self) -> None: ...


@asynccontextmanager
async def audit_hosts(settings: Settings) -> AsyncIterator[Sequence[Host]]:
    """The audit role. Its modules are imported only here, because their metrics belong to no other role."""
    from infra.processes.audit import audit_hosts as composed

    async with composed(settings) as hosts:
        yield hosts


@asynccontextmanager
async def analytics_hosts(settings: Settings) -> AsyncIterator[Sequence[Host]]:
    """The analytics role. Imported only here: its library is an extra, which no other role needs."""
    try:
        from infra.processes.analytics import analytics_hosts as composed
    except ModuleNotFoundError as error:
        if error.name != "faust":
            raise
        advice = "install it: pip install 'annals[analytics]'"
        raise Unavailable("faust-streaming", "the library of the analytics role is not installed", advice) from error

    async with composed(settings) as hosts:
        yield hosts


HOSTS: dict[str, Callable[[Settings], AbstractAsyncContextManager[Sequence[Host]]]] = {
    "command": command_hosts,
    "saga": saga_hosts,
    "projection": projection_hosts,
    "analytics": analytics_hosts,
    "audit": audit_hosts,
}
"""Each context manager opens the adapters of a role, yields its hosts, and closes the adapters in order."""
