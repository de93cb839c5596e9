"""Containers of the image: roles that go on, and commands that end."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httpx

from infra.devstack.ports import free_port
from infra.settings import Settings
from tests.deploy.container_tools import ToolFailed, podman
from tests.logins import as_account
from tests.system import OF_THE_OWNER, System
from tests.waiting import until
from tests.watchdog import VARIABLE

READ_ONLY = ("--read-only", "--read-only-tmpfs=false")
"""Nothing can be written to, not even /tmp."""

# Less than this machine has: its root may not be allowed to raise them.
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
GRACE_SECONDS = 60
COMMAND_TIMEOUT_SECONDS = 120.0
KILLED = 128 + 9
"""The exit code of a process that SIGKILL has ended."""
TERMINATED = 128 + 15


class Ran(NamedTuple):
    """The exit code and the output of a container that has ended."""

    code: int
    output: str


class Container(NamedTuple):
    """A container by its name, and the port at which it answers operators."""

    name: str
    port: int

    async def answers(self, path: str) -> int | None:
        """The status of its answer over HTTP; None: nobody answers."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=5, trust_env=False) as client:
            try:
                return (await client.get(path)).status_code
            except httpx.TransportError:
                return None

    async def says(self, path: str, status: int) -> None:
        """Wait until it answers with this status."""

        async def answered() -> bool:
            return await self.answers(path) == status

        await until(answered, f"{self.name} answers {path} with {status}", seconds=60)

    async def stop(self, grace_seconds: int = GRACE_SECONDS) -> Ran:
        """Send SIGTERM, and SIGKILL when the grace has passed."""
        await _podman("stop", "--time", str(grace_seconds), self.name)
        return await self.ended()

    async def kill(self) -> None:
        await _podman("kill", "--signal", "KILL", self.name)
        assert (await self.ended()).code == KILLED

    async def ended(self) -> Ran:
        """Wait for its end."""
        code = await _podman("wait", self.name, timeout_seconds=COMMAND_TIMEOUT_SECONDS)
        return Ran(int(code), await self.log())

    async def log(self) -> str:
        """All that it has written."""
        return await _podman("logs", self.name)

    async def execute(self, *arguments: str) -> Ran:
        """Run a program within it."""
        try:
            return Ran(0, await _podman("exec", self.name, *arguments))
        except ToolFailed as failure:
            return Ran(failure.code, failure.output)


class Containers:
    """The containers of one test, of one image, on one system's servers. Each has the login of its role."""

    def __init__(self, image: str, system: System) -> None:
        self._image = image
        self._system = system
        self._names: list[str] = []

    async def role(self, *arguments: str, options: Sequence[str] = READ_ONLY, **settings: object) -> Container:
        """Start `annals` with these arguments, such as `worker`, `saga`."""
        port = free_port()
        account = arguments[-1] if arguments[0] == "worker" else arguments[0]
        given = {"metrics_port": port, "http_port": port, "log_format": "json", **settings}
        return Container(await self._start(account, arguments, options, given), port)

    async def annals(self, *arguments: str, options: Sequence[str] = READ_ONLY, **settings: object) -> Ran:
        """Run a command of the command line to its end, with the login of operators or, if it needs it, the owner's."""
        account = "owner" if arguments[0] in OF_THE_OWNER else "operator"
        return await Container(await self._start(account, arguments, options, settings), 0).ended()

    async def _start(self, account: str, arguments: Sequence[str], options: Sequence[str], given: object) -> str:
        name = f"annals-{uuid.uuid4().hex[:12]}"
        self._names.append(name)
        logged_in = as_account(self._system._logins, account, self._system.settings)
        settings = logged_in.model_copy(update=given)  # type: ignore[arg-type]
        variables = _variables(settings)
        asked = [option for variable in (*variables, VARIABLE) for option in ("--env", variable)]
        network = ("--network", "host")
        await _podman(
            "run",
            "--detach",
            "--name",
            name,
            *network,
            *LIMITS,
            *options,
            *asked,
            self._image,
            *arguments,
            env=variables,
        )
        return name

    async def remove(self) -> None:
        """End and remove all of them."""
        if self._names:
            await _podman("rm", "--force", "--time", "0", "--ignore", *self._names)


def _variables(settings: Settings) -> Mapping[str, str]:
    """The settings as a container has them: it needs no home."""
    return {name: value for name, value in settings.environment().items() if name != "ANNALS_HOME" and value}


async def _podman(*arguments: str, timeout_seconds: float = 90, env: Mapping[str, str] | None = None) -> str:
    return await asyncio.to_thread(podman, *arguments, timeout_seconds=timeout_seconds, env=env)
