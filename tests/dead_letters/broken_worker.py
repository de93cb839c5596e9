"""A command worker with a bug that comes and goes: `python -m tests.dead_letters.broken_worker <folder>`.

Deciding about a new user raises for as long as the folder holds a file with the user's first name.
"""

import sys
from pathlib import Path
from typing import Any

from contracts.message import Command
from contracts.users.commands import CreateUser
from infra.processes.worker import run_worker
from infra.settings import Settings
from workers.core.decider import Decider, Decision, Rejection
from workers.domain import contexts


def main() -> None:
    """Run until told to stop."""
    folder = Path(sys.argv[1])
    users = contexts()["users"]
    sound = users.decider

    def decide(state: Any, command: Command) -> Decision | Rejection:
        if isinstance(command, CreateUser) and (folder / command.first_name).exists():
            raise ZeroDivisionError(f"while deciding {command.to_json()!r}")
        return sound.decide(state, command)

    object.__setattr__(users, "decider", Decider(sound.initial, decide, sound.evolve))
    run_worker("command", Settings())


if __name__ == "__main__":
    main()
