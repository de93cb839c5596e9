"""What is measured: the `annals` of this checkout, or that of another one with an environment of its own.

The bench drives both alike and from outside: by their command line, the topics, HTTP, and what the contract says of the
tables and metrics. So it can measure a commit that lacks this bench, or has another schema.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from infra.settings import Settings

ASK_TIMEOUT_SECONDS = 30.0
SETUP_TIMEOUT_SECONDS = 120.0
_ROOT = Path(__file__).parents[3]


class UnusableCheckout(Exception):
    """The other checkout has no environment of its own that runs its own code."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be measured: {reason}. Its own `sh infra/up.sh` makes it one.")
        self.path = path
        self.reason = reason


class SetupFailed(Exception):
    """A command that prepares an environment has failed; its error output follows."""

    def __init__(self, arguments: tuple[str, ...], errors: str) -> None:
        super().__init__(f"annals {' '.join(arguments)} failed: {errors[-2000:].strip()}")


class Checkout(NamedTuple):
    """`name` is what it is called in a report: its folder and commit. `python` runs its code."""

    name: str
    python: str

    def annals(self, *arguments: str) -> tuple[str, ...]:
        """The command line of its `annals <arguments>`."""
        return (self.python, "-P", "-m", "infra.cli.main", *arguments)

    async def run(self, settings: Settings, *arguments: str) -> None:
        """Run a command of it to its end. Raises SetupFailed."""
        process = await asyncio.create_subprocess_exec(
            *self.annals(*arguments),
            env=child_environment(settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
                _, errors = await process.communicate()
        except TimeoutError as error:
            raise SetupFailed(arguments, f"no end within {SETUP_TIMEOUT_SECONDS:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise SetupFailed(arguments, errors.decode(errors="replace"))


def this_checkout() -> Checkout:
    """The code that runs now."""
    return Checkout(_named(_ROOT), sys.executable)


def other_checkout(path: Path) -> Checkout:
    """The code in this folder, run by the environment in its `.venv`. Raises UnusableCheckout."""
    root = path.resolve()
    python = root / ".venv" / "bin" / "python"
    if not python.exists():
        raise UnusableCheckout(path, f"there is no {python}")
    question = (str(python), "-P", "-c", "import infra; print(infra.__file__)")
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=ASK_TIMEOUT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnusableCheckout(path, "its Python cannot import `infra`") from error
    code = Path(answer.stdout.strip()).resolve()
    if root not in code.parents:
        raise UnusableCheckout(path, f"its Python runs the code of {code.parents[1]}")
    return Checkout(_named(root), str(python))


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment of a process on these servers, without the caller's ANNALS_* variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANNALS_")}
    return inherited | settings.environment() | {"ANNALS_LOG_LEVEL": "warning"}


def _named(root: Path) -> str:
    command = ("git", "-C", str(root), "describe", "--always", "--dirty")
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=ASK_TIMEOUT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return root.name
    return f"{root.name} {answer.stdout.strip()}"
