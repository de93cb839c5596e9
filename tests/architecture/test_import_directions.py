"""Who may import whom: the contracts under `[tool.importlinter]` in pyproject.toml."""

import re
import sys

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.sources import PACKAGES, ROOT, imported, sources

# What each driver is for, and the folders that may speak to it. Elsewhere goes through a port.
ROOMS = {
    "aiokafka": ("infra/kafka", "infra/devstack", "contracts/client"),
    "asyncpg": ("infra/postgres", "infra/devstack"),
    "redis": ("infra/redis", "infra/devstack"),
    "fastapi": ("workers/gateway", "infra/processes/gateway.py"),
    "starlette": ("workers/gateway",),
    "uvicorn": (
        "infra/processes/gateway.py",
        "infra/processes/gateway_processes.py",
        "infra/processes/http_protocol.py",
        "infra/processes/http_server.py",
        "infra/measuring/bench/reads/bare_server.py",
    ),
    "httptools": ("infra/measuring/bench/http_connection.py",),
    "eventsourcing": ("infra/measuring/bench/peer/process.py",),
    "argon2": ("infra/passwords.py",),
    "typer": ("infra/cli",),
}

# All that contracts/pyproject.toml asks for, and pydantic's own core.
OF_THE_CONTRACTS = {"aiokafka", "contracts", "cramjam", "pydantic", "pydantic_core"}


def test_are_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # It would silence every logger of this process, also for the tests that follow.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda _: None)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    report = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert status == EXIT_STATUS_SUCCESS, report


@pytest.mark.parametrize(("driver", "rooms"), ROOMS.items(), ids=ROOMS.keys())
def test_keep_each_driver_in_its_room(driver: str, rooms: tuple[str, ...]) -> None:
    strays = [
        f"{path}:{line}"
        for path in sources(*PACKAGES)
        if not path.as_posix().startswith(rooms)
        for module, line in imported(path)
        if module.split(".")[0] == driver
    ]
    assert not strays, f"{driver} belongs to {', '.join(rooms)}; go through a port instead"


def test_give_the_contracts_nothing_but_their_own_distribution_and_what_it_asks_for() -> None:
    strays = [
        f"{path}:{line} imports {module}"
        for path in sources("contracts")
        if path.name != "hatch_build.py"
        for module, line in imported(path)
        if (name := module.partition(".")[0]) not in OF_THE_CONTRACTS and name not in sys.stdlib_module_names
    ]
    assert not strays
