"""A newer release: a copy of this one's code in which some contracts have changed, run as ordinary processes.

An event has a second version, another event and a saga's state have one more field, and a command has a second version.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.logins import as_account
from tests.system import Ran, System
from tests.worker_process import Worker

ROOT = Path(__file__).parents[3]
COMMAND_TIMEOUT_SECONDS = 120.0

# By file: what stands there, and what stands there in the newer release.
CHANGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "contracts/users/events.py": (
        (
            'class UserWelcomed(Event, UserStream):\n    """A user was welcomed, once."""\n',
            'class UserWelcomedV1(Event, UserStream, name="UserWelcomed"):\n    """A user was welcomed, once."""\n\n\n'
            'class UserWelcomed(Event, UserStream, version=2):\n    """A user was welcomed, once."""\n\n'
            "    greeting: ShortText\n",
        ),
        (
            "    city: ClearableText = None\n",
            "    city: ClearableText = None\n    nickname: ShortText | None = None\n",
        ),
    ),
    "contracts/users/commands.py": (
        (
            "class ChangePassword(",
            'class UpdateUserV2(UpdateUser, name="UpdateUser", version=2):\n'
            '    """As the first, with a reason."""\n\n    reason: ShortText\n\n\nclass ChangePassword(',
        ),
    ),
    "workers/domain/users/decider.py": (
        (
            "UserWelcomed.model_construct(user_id=command.user_id)",
            'UserWelcomed(user_id=command.user_id, greeting="Welcome.")',
        ),
        (
            "UserUpdated.model_construct(user_id=command.user_id, **changes)",
            'UserUpdated(user_id=command.user_id, nickname="of the newer release", **changes)',
        ),
    ),
    "workers/domain/users/welcome.py": (
        ("    has_waited: bool = False\n", '    has_waited: bool = False\n    note: str = "of the newer release"\n'),
    ),
}
UPCASTER = """

from contracts.upcasting import Fields, upcaster
from contracts.users.events import UserWelcomedV1


@upcaster(UserWelcomedV1)
def with_a_greeting(fields: Fields) -> Fields:
    return {**fields, "greeting": "Hello."}
"""


class NewerRelease:
    """The code in `folder`, and the processes that run it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for package in ("contracts", "workers", "infra"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        for name, changes in CHANGES.items():
            path = folder / name
            text = path.read_text("utf-8")
            for before, after in changes:
                assert text.count(before) == 1, (name, before)
                text = text.replace(before, after)
            path.write_text(text, "utf-8")
        with (folder / "contracts/users/upcasters.py").open("a", encoding="utf-8") as file:
            file.write(UPCASTER)

    async def worker(self, system: System, role: str) -> Worker:
        """Start a worker of this release."""
        log_file = self._folder / f"{role}-{len(system.workers)}.log"
        settings = as_account(system._logins, role, system.settings)
        with log_file.open("wb") as output:
            process = await self._started("worker", role, environment=settings.environment(), output=output)
        started = Worker(role, process, log_file)
        system.workers.append(started)
        return started

    async def annals(self, system: System, *arguments: str) -> Ran:
        """Run a command of this release's command line, with the login of operators."""
        settings = as_account(system._logins, "operator", system.settings)
        process = await self._started(*arguments, environment=settings.environment(), output=asyncio.subprocess.PIPE)
        async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
            output, errors = await process.communicate()
        return Ran(process.returncode or 0, output.decode(), (errors or b"").decode())

    async def _started(
        self, *arguments: str, environment: Mapping[str, str], output: Any
    ) -> asyncio.subprocess.Process:
        errors = output if output is not asyncio.subprocess.PIPE else asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "infra.cli.main", *arguments)
        return await asyncio.create_subprocess_exec(
            *command, env=os.environ | dict(environment), stdout=output, stderr=errors, cwd=self._folder
        )
